"""A source series as plain records: grid, values, references."""
