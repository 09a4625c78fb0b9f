"""The Redis of a tenant."""
