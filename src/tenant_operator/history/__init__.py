"""The last runs of each resource, for people: why they ran, what they did, and how they ended."""
