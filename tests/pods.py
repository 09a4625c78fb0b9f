"""Pods that the Pod Security level ``restricted`` lets through."""


def restricted(**spec):
    """Return the specification of a pod, with these fields besides or instead of its own."""
    container = {
        "name": "a",
        "image": "a",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return {"restartPolicy": "Never", "securityContext": security, "containers": [container], **spec}
