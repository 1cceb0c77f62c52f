"""FrameReader to files, and files read back and compared."""
