"""Attributes of a derived series, by its source series and rules."""
