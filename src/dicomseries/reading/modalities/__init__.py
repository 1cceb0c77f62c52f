"""Facts that only images of some modalities state."""
