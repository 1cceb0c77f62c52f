"""Bytes of a file to elements and plain values."""
