"""The real did:plc directory, in memory, and what one tells it."""
