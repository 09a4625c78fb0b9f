"""From events to runs, and from their outcomes to conditions and requeues."""
