"""Commands about who pays for whom."""
