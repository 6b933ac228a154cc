"""Signals: measured facts about goods and merchants, one file per family."""
