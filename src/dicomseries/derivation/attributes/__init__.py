"""Attributes of a derived series, by source and rules."""
