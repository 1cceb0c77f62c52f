"""Pixel Data to arrays of stored and real values."""
