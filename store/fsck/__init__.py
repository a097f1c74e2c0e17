"""Looking for damage: whether all that a store holds fits together, and is backed by what was signed."""
