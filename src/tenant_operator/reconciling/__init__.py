"""From events to runs, and what follows from how they ended."""
