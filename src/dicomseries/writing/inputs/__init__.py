"""Options and source array to one volume on its grid."""
