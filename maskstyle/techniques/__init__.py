"""The techniques, one file each; none imports another."""
