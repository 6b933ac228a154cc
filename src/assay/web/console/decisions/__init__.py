"""The console's decisions."""
