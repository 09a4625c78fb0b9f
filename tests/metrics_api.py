"""A metrics API as metrics-server gives it, behind the aggregation layer of a control plane whose pods use nothing.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/setup-extension-api-server/
"""

import json
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.certificates import certificate, certificate_pem, pem

GROUP_VERSION = "metrics.k8s.io/v1beta1"
ROOT = f"/apis/{GROUP_VERSION}"
RESOURCES = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": GROUP_VERSION,
    "resources": [
        {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}
    ],
}


@contextmanager
def serving(cluster, usage, folder):
    """Serve ``usage(pod)``, the resources that a pod's container uses, of all pods of the cluster."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cluster, usage))
    server.socket = _context(folder).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        for manifest in _registration(server.server_port):
            cluster.apply(manifest)
        cluster.kubectl("wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io", "--timeout=60s")
        yield
    finally:
        cluster.kubectl("delete", "apiservice", "v1beta1.metrics.k8s.io", "--ignore-not-found")
        server.shutdown()
        thread.join()
        server.server_close()


def _registration(port):
    """Return what makes the API server ask 127.0.0.1 for this API."""
    service = {"name": "metrics", "namespace": "kube-system"}
    spec = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
    yield {"apiVersion": "v1", "kind": "Service", "metadata": service, "spec": spec}
    group, _, version = GROUP_VERSION.partition("/")
    yield {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}"},
        "spec": {
            "group": group,
            "version": version,
            "service": {**service, "port": port},
            "insecureSkipTLSVerify": True,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
        },
    }


def _context(folder):
    key, made = certificate("localhost")
    file = folder / "metrics.pem"
    file.write_text(pem(key) + certificate_pem(made))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _handler(cluster, usage):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            url = urlsplit(self.path)
            words = url.path.removeprefix(ROOT).strip("/").split("/")
            if words == [""]:
                self._answer(RESOURCES)
            elif len(words) == 3 and (words[0], words[2]) == ("namespaces", "pods"):
                self._answer(self._metrics(words[1], parse_qs(url.query).get("labelSelector", [""])[0]))
            else:
                self._answer({}, HTTPStatus.NOT_FOUND)

        def _metrics(self, namespace, selector):
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            pods = cluster.get("pods", "-l", selector, namespace=namespace)
            items = [
                {
                    "metadata": {key: pod["metadata"][key] for key in ("name", "namespace", "labels")},
                    "timestamp": now,
                    "window": "1s",
                    "containers": [{"name": one["name"], "usage": usage(pod)} for one in pod["spec"]["containers"]],
                }
                for pod in pods
            ]
            return {"kind": "PodMetricsList", "apiVersion": GROUP_VERSION, "metadata": {}, "items": items}

        def _answer(self, content, status=HTTPStatus.OK):
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Say nothing: the test says what went wrong."""

    return Handler
