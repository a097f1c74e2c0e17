"""The commands that this service serves, one file each."""
