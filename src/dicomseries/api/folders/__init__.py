"""Verbs about all series of a folder."""
