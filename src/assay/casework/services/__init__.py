"""The only code that writes: one file per subject. Every write appends its audit event in the same transaction."""
