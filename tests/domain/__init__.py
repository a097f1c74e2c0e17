"""The domain: what its values mean, and the laws that they keep."""
