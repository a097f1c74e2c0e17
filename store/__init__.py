"""The customer, subscription and consumer store."""
