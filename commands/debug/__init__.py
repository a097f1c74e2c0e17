"""Commands about trying things out."""
