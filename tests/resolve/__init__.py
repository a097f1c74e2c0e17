"""Resolving DIDs."""
