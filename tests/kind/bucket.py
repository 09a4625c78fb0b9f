"""Servers of buckets in a namespace of their own: one speaks as S3, one as Google Cloud Storage."""

NAMESPACE = "buckets"
BUCKET = "neurallog"
S3 = "http://bucket.buckets.svc.cluster.local:9000"
STORAGE = {
    "s3": {"type": "s3", "bucket": BUCKET, "endpoint": S3, "secretRef": {"name": "bucket"}},
    "gcs": {
        "type": "gcs",
        "bucket": BUCKET,
        "endpoint": "http://bucket.buckets.svc.cluster.local:9001/storage/v1/",
        "secretRef": {"name": "bucket"},
    },
}
"""``spec.backup.storage`` of tenants, by type."""
KEYS = {"s3": {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test"}, "gcs": {"ANONYMOUS": "true"}}
"""What their Secrets hold, by type."""

_LABELS = {"app": "bucket"}
_IMAGE = "neurallog/bucket:test"
_GCS = ["/opt/gcs/bin/gcp-storage-emulator", "start", "--host=0.0.0.0", "--port=9001", "--in-memory"]
MANIFESTS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bucket", "namespace": NAMESPACE, "labels": _LABELS},
        "spec": {
            "containers": [
                {"name": "s3", "image": _IMAGE},
                {"name": "gcs", "image": _IMAGE, "command": [*_GCS, f"--default-bucket={BUCKET}"]},
            ]
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "bucket", "namespace": NAMESPACE},
        "spec": {"selector": _LABELS, "ports": [{"name": "s3", "port": 9000}, {"name": "gcs", "port": 9001}]},
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
    """Start the servers, each with an empty bucket."""
    for manifest in MANIFESTS:
        cluster.apply(manifest)
    cluster.kubectl("wait", "--for=condition=Ready", "pod/bucket", "-n", NAMESPACE, "--timeout=240s")
    cluster.wait_until(lambda: "CreateBucketResponse" in _request(cluster, "PUT", f"/{BUCKET}"))


def provide_keys(cluster, name, kind):
    """Make the Secret that a tenant's backups need."""
    literals = [f"--from-literal={key}={value}" for key, value in KEYS[kind].items()]
    cluster.wait_until(lambda: cluster.get("namespace", f"tenant-{name}"))
    cluster.kubectl("create", "secret", "generic", "bucket", *literals, "-n", f"tenant-{name}")


def s3_keys(cluster):
    """Return the keys of the objects in the bucket of S3."""
    listed = _request(cluster, "GET", f"/{BUCKET}")
    return [part.split("</Key>")[0] for part in listed.split("<Key>")[1:]]


def _request(cluster, method, path):
    """Send a request to the server of S3, from within its pod; returns the answer, of an error the code."""
    command = ("/opt/moto/bin/python", "-c", _REQUEST, method, path)
    return cluster.kubectl("exec", "-n", NAMESPACE, "bucket", "-c", "s3", "--", *command, check=False).strip()
