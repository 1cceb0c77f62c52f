"""Order, spacing and volumes of slices."""
