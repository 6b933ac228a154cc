"""The staff's face: queue, items, decisions, test buys, numbers."""
