"""Checks by topic; each module registers its findings."""
