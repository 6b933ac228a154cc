"""Organised campaigns in posts: who acts together, what they say, and how surely."""
