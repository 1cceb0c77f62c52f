"""Rules for every attribute of a source series."""
