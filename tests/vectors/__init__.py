"""The project's own test vectors: data that a clone has without anything beside it."""
