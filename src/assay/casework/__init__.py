"""Casework: people act on what the analysis found. The one Django app; it knows no HTTP."""
