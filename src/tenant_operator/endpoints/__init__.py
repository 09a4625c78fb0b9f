"""What is served: probes and metrics."""
