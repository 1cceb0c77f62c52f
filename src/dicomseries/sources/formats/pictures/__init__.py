"""Pictures of common programs: single ones, and folders with one slice each."""
