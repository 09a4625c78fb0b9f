"""All components of a tenant. A new one is a line here."""

from __future__ import annotations

from . import backup, lifecycle, namespace, network, references, usage
from .base import Component
from .redis import component as redis
from .server import component as server
from .server import ingress

COMPONENTS: tuple[Component, ...] = (
    namespace.COMPONENT,
    references.COMPONENT,
    redis.COMPONENT,
    server.COMPONENT,
    network.COMPONENT,
    backup.COMPONENT,
    ingress.COMPONENT,
    lifecycle.COMPONENT,
    usage.COMPONENT,
)


def find(name: str) -> Component:
    """Return the component of this name. One that is not registered looks at nothing, and nothing stands in its way."""
    return next((component for component in COMPONENTS if component.name == name), Component(name))
