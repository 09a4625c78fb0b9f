"""The configuration of the proxies in front of a Redis with sentinels.

Source: https://docs.haproxy.org/3.0/configuration.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ... import names
from ...kube.resources import Manifest
from .conf import PORT

READY_PORT = 8404
"""Where the proxy says whether it knows a master."""


def render(tenant: Manifest) -> str:
    """Return the text of haproxy.cfg.

    HAProxy's resolvers need whole names: the domain of the cluster's Services is in the environment, as ``DOMAIN``.
    """
    return "".join(f"{line}\n" for line in _lines(tenant))


def _lines(tenant: Manifest) -> Iterator[str]:
    redis = tenant["spec"]["redis"]
    yield "global"
    yield "  maxconn 4000"
    yield "defaults"
    yield "  mode tcp"
    yield "  timeout connect 2s"
    yield "  timeout check 2s"
    yield "  timeout client 1h"
    yield "  timeout server 1h"
    yield "resolvers cluster"
    yield "  parse-resolv-conf"
    yield "  hold valid 1s"
    yield "  hold obsolete 1s"
    yield "frontend redis"
    yield f"  bind :{PORT}"
    yield "  default_backend master"
    yield "frontend ready"
    yield f"  bind :{READY_PORT}"
    yield "  mode http"
    yield "  monitor-uri /ready"
    yield "  monitor fail if { nbsrv(master) lt 1 }"
    yield "backend master"
    yield "  option tcp-check"
    if redis["security"]["enabled"]:
        yield r'  tcp-check send "*2\r\n\$4\r\nAUTH\r\n\$${REDIS_PASSWORD_LENGTH}\r\n${REDIS_PASSWORD}\r\n"'
        yield "  tcp-check expect string +OK"
    yield r"  tcp-check send info\ replication\r\n"
    yield "  tcp-check expect string role:master"
    check = "check inter 1s fall 2 rise 1 on-marked-down shutdown-sessions resolvers cluster init-addr none"
    if redis["security"]["tls"].get("enabled"):
        check += " check-ssl verify required ca-file /tmp/ca.crt"
    namespace = names.namespace_name(tenant["metadata"]["name"])
    for number in range(redis["replicas"]):
        pod = f"redis-{number}"
        yield f'  server {pod} "{pod}.redis-headless.{namespace}.${{DOMAIN}}:{PORT}" {check}'
