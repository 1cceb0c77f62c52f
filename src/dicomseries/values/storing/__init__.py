"""Slabs of real values to stored numbers."""
