"""Geometry, axes and times from arguments and source."""
