"""Who reaches whom: tried by real connections on kind, and by an evaluator of the policies where there is no network.

Tenant a has a friend, who may reach its API, and rules of its own for a partner; tenant b has neither.
"""


def namespaces(name):
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


RULES = {
    "ingressRules": [{"from": [namespaces("partners")], "ports": [{"port": 6000, "endPort": 6500}]}],
    "egressRules": [{"to": [namespaces("partners")], "ports": [{"port": 8080}]}],
}
"""Partners reach the ports 6000 to 6500 of the tenant's pods, and are reached on 8080."""

PAIRS = [
    ("a", "a", "redis", 6379, True),
    ("a", "a", "neurallog-server", 3030, True),
    ("a", "b", "redis", 6379, False),
    ("a", "b", "neurallog-server", 3030, False),
    ("b", "a", "redis", 6379, False),
    ("outside", "a", "redis", 6379, False),
    ("outside", "b", "neurallog-server", 3030, False),
    ("friends", "a", "neurallog-server", 3030, True),
    ("friends", "a", "redis", 6379, False),
    ("friends", "b", "neurallog-server", 3030, False),
    ("partners", "a", "redis", 6379, True),
    ("partners", "a", "neurallog-server", 3030, False),
    ("partners", "b", "redis", 6379, False),
]
"""Who, whose service, the service, its port, and whether a connection comes about."""

WAYS_OUT = [("a", "partners", True), ("a", "friends", False), ("b", "partners", False)]
"""Which tenant, whose pod, and whether it is reached on its port 8080."""
