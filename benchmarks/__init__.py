"""What a tenant costs, by this collection and by the ways it has to be compared with, in one run: ratios, not seconds."""
