"""The core, read by somebody hostile and exact."""
