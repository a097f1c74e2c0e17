"""Looking for damage: what is planted is found, by its name, and nothing else ever is."""
