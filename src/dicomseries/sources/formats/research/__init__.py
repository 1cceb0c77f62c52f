"""Files of MATLAB, and of reconstruction software for MR."""
