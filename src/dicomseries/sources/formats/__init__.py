"""Readers of array types and file formats, one module each."""
