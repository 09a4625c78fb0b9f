"""The operator's endpoints, asked as kubelet and Prometheus ask them."""

import re
import ssl
import urllib.error
import urllib.request

TO_SERVE = ("--health-probe-bind-address", "127.0.0.1:0", "--metrics-bind-address", "127.0.0.1:0")
"""Flags of an operator that serves all of them."""


def address(process, path):
    """Return where an operator says that it serves a path; None before it does."""
    said = re.search(rf"Serving [^\n]*{path}\b[^\n]* on ([0-9.:]+)", process.log.read_text())
    return said and said.group(1)


def fetch(url, token=None):
    """Return status and text; the certificate is the operator's own, and not verified."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - loopback
    context = {"context": trusting} if url.startswith("https") else {}
    try:
        with urllib.request.urlopen(request, timeout=30, **context) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
