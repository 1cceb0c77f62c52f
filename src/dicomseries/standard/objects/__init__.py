"""Rules for objects, their modules and functional groups."""
