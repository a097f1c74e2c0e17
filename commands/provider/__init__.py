"""Commands about provisioning."""
