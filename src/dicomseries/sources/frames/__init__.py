"""Frame readers: slabs of frames from any array or file."""
