"""Commands for whole datasets."""
