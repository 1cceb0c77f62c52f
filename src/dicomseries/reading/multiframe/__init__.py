"""Frames of multi-frame files and their functional groups."""
