"""Order and grid of slices, frames and segments."""
