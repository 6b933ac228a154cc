"""What pages and the API read: plain functions, one file per subject. Nothing here writes."""
