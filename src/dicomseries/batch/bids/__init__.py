"""BIDS datasets as lists of jobs."""
