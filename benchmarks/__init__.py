"""What a tenant costs, by this collection and by what it has to be compared with: in one run, as ratios."""
