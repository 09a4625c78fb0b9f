"""Objects of the Kubernetes API, as plain data. Nothing here knows of tenants."""
