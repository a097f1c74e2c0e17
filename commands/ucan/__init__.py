"""Commands about tokens themselves."""
