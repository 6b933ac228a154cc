"""The API under /api/v1: the same services, for programs."""
