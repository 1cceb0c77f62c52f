"""Functional groups that a result takes over."""
