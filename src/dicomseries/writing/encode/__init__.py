"""Slabs to files, and files read back and compared."""
