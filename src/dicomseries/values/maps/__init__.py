"""Value maps: real to stored numbers with a proven bound."""
