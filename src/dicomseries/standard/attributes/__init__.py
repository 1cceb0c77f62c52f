"""Rules for attributes and their values."""
