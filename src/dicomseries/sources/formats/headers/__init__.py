"""Parts of headers that several formats share, or that are long."""
