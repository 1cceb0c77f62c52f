"""A series arranged for its checks."""
