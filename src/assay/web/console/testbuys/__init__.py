"""The console's testbuys."""
