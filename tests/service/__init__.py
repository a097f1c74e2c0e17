"""The service as its users meet it: over HTTP, on a real store."""
