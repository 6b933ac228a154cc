"""The merchants' face: statements of reasons, documents, appeals."""
