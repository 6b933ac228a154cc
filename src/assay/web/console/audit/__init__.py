"""The console's audit."""
