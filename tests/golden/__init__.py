"""SHA-256 digests of written series, compared before and after a change of the source."""
