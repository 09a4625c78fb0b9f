"""The images that the tests bring to the node."""

OPERATOR = "neurallog/tenant-operator:test"
SERVER = "neurallog/server:1.4.2"
PYTHON = "/opt/standin/bin/python"
"""The interpreter in the image of the server's stand-in."""

FOLDERS = {
    "haproxy:3.0-alpine": "tests/images/haproxy",
    "rclone/rclone:1": "tests/images/rclone",
    "curlimages/curl:8.11.1": "tests/images/curl",
    "neurallog/bucket:test": "tests/images/bucket",
    SERVER: "tests/standin",
    OPERATOR: ".",
}
"""What each image is built from: nothing is pulled."""
