"""Signing in, second factor, one's own account, tokens, and the administration of people."""
