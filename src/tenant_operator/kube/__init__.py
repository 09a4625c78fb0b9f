"""The API server: requests, caches, Events, and the Lease."""
