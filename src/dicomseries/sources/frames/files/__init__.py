"""Parts of files as arrays, mapped, read or unpacked."""
