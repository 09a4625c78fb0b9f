"""The NeuralLog server of a tenant."""
