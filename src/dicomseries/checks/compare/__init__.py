"""A series compared with its input, voxel by voxel."""
