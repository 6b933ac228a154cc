"""The console's queue."""
