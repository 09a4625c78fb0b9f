"""Errors of actions."""


class RefusedError(Exception):
    """The action must not go on. The message says why, and what would help."""
