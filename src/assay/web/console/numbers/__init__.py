"""The console's numbers."""
