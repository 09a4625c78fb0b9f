"""What belongs to one component of a tenant: how its objects are made, read and judged."""
