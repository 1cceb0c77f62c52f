"""Media: ZIP and tar files, and File-sets with a DICOMDIR."""
