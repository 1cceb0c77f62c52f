"""Commands of click from signatures, and their completion in shells."""
