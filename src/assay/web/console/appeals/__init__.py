"""The console's appeals."""
