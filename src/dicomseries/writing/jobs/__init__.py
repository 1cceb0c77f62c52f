"""Value statistics, value maps and series plans of a write."""
