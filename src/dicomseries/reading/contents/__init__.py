"""Contents of a series: images, and objects without pixels."""
