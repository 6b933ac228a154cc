"""The console's effects."""
