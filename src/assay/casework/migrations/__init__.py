"""Database migrations of casework."""
