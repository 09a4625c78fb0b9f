"""An S3 server in a namespace of its own."""

NAMESPACE = "s3"
ENDPOINT = "http://s3.s3.svc.cluster.local:9000"
BUCKET = "neurallog"
KEYS = {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test"}

_LABELS = {"app": "s3"}
MANIFESTS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "s3", "namespace": NAMESPACE, "labels": _LABELS},
        "spec": {"containers": [{"name": "s3", "image": "neurallog/s3:test", "ports": [{"containerPort": 9000}]}]},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s3", "namespace": NAMESPACE},
        "spec": {"selector": _LABELS, "ports": [{"port": 9000}]},
    },
]

_REQUEST = """
import sys, urllib.error, urllib.request
request = urllib.request.Request(f"http://localhost:9000{sys.argv[2]}", method=sys.argv[1])
try:
    print(urllib.request.urlopen(request, timeout=10).read().decode())
except urllib.error.HTTPError as error:
    print(error.code)
"""


def start(cluster):
    """Start the server with an empty bucket."""
    for manifest in MANIFESTS:
        cluster.apply(manifest)
    cluster.kubectl("wait", "--for=condition=Ready", "pod/s3", "-n", NAMESPACE, "--timeout=240s")
    cluster.wait_until(lambda: "CreateBucketResponse" in request(cluster, "PUT", f"/{BUCKET}"))


def request(cluster, method, path):
    """Send a request to the server, from within its pod; returns the answer, of an error the code."""
    command = ("/opt/moto/bin/python", "-c", _REQUEST, method, path)
    return cluster.kubectl("exec", "-n", NAMESPACE, "s3", "--", *command, check=False).strip()
