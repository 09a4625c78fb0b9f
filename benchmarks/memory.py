"""What the operator takes of memory when it starts with many tenants: ``python -m benchmarks.memory 1000 4000``.

One tenant is made on the local control plane. A server in front of that cluster answers every list with copies of this
tenant's objects, as many as there are to be tenants, page by page as the API server does; a watch brings no events.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import kubernetes
import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
SAMPLE = "sample-0000"
"""The tenant that is copied; its name has the length of the copies' names."""

MEBIBYTE = 2**20
LOOK = 0.02
"""Seconds between two looks at what the processes take."""

SETTLED = 5.0
"""Seconds after which a status that did not change is taken for settled."""


class Fleet:
    """A server that shows one tenant of a cluster as many.

    Args:
        kubeconfig: the cluster with the tenant :data:`SAMPLE`, ready.
        tenants: how many there are to be.
    """

    def __init__(self, kubeconfig: Path, tenants: int):
        self._api = kubernetes.config.new_client_from_config(str(kubeconfig))
        self._tenants = tenants
        self._items: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self.closed = threading.Event()
        handler = type("Handler", (_Handler,), {"fleet": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig for this server; return its path."""
        cluster = {"server": f"http://127.0.0.1:{self._server.server_port}"}
        path = folder / "fleet.kubeconfig"
        configuration = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "fleet", "cluster": cluster}],
            "users": [{"name": "fleet", "user": {}}],
            "contexts": [{"name": "fleet", "context": {"cluster": "fleet", "user": "fleet"}}],
            "current-context": "fleet",
        }
        path.write_text(yaml.safe_dump(configuration))
        return path

    def close(self) -> None:
        """Serve no more."""
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()

    def forward(self, path: str, accept: str) -> tuple[int, bytes]:
        """Return status and body of the cluster's own answer."""
        headers = {"Accept": accept}
        answer = self._api.rest_client.pool_manager.request(
            "GET", self._api.configuration.host + path, headers=headers, retries=False
        )
        return answer.status, answer.data

    def page(self, path: str, query: Mapping[str, str], accept: str) -> bytes:
        """Return a page of the copies of what the cluster has of the sample under this path."""
        samples = self._samples(path, query, accept)
        first, limit = int(query.get("continue") or 0), int(query["limit"])
        last = min(first + limit, len(samples) * self._tenants)
        copies = (
            samples[number % len(samples)].replace(SAMPLE, f"{SAMPLE[:-4]}{number // len(samples):04d}")
            for number in range(first, last)
        )
        more = str(last) if last < len(samples) * self._tenants else ""
        metadata = json.dumps({"resourceVersion": "1000000", "continue": more})
        return f'{{"kind":"List","metadata":{metadata},"items":[{",".join(copies)}]}}'.encode()

    def _samples(self, path: str, query: Mapping[str, str], accept: str) -> list[str]:
        selectors = {key: query[key] for key in ("labelSelector", "fieldSelector") if key in query}
        whole = f"{path}?{urlencode(selectors)}"
        with self._lock:
            if whole not in self._items:
                _, data = self.forward(whole, accept)
                pods = json.loads(data)["items"] or []
                self._items[whole] = [json.dumps(item) for item in pods if SAMPLE in json.dumps(item["metadata"])]
            return self._items[whole]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away: the operator is killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fleet: Fleet

    def do_GET(self) -> None:
        """Answer a list, a watch, or what the cluster itself is asked for."""
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        accept = self.headers.get("Accept", "")
        if "watch" in query:
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.fleet.closed.wait()
        elif "limit" in query:
            self._answer(200, self.fleet.page(url.path, query, accept))
        else:
            self._answer(*self.fleet.forward(self.path, accept))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


@contextmanager
def operator(kubeconfig: Path, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run the operator; yields its process and its log."""
    log = folder / "operator.log"
    command = [Path(sys.executable).parent / "tenant-operator", "run", "--watches", CHECKOUT / "watches.yaml"]
    with log.open("w") as file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "KUBECONFIG": str(kubeconfig), "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


def measure(kubeconfig: Path, tenants: int, folder: Path, *, rest: float = 3.0) -> tuple[float, float]:
    """Start the operator with this many tenants; return the most that it took, and what it takes at rest, in MiB."""
    fleet = Fleet(kubeconfig, tenants)
    most = last = 0.0
    try:
        with operator(fleet.kubeconfig(folder), folder) as (process, log):
            until = None
            while until is None or time.monotonic() < until:
                if process.poll() is not None:
                    raise RuntimeError(log.read_text())
                last = sum(map(_taken, _tree(process.pid))) / MEBIBYTE
                most = max(most, last)
                if until is None and "Watching Tenant" in log.read_text():
                    until = time.monotonic() + rest
                time.sleep(LOOK)
            ran = [line for line in log.read_text().splitlines() if f"Tenant {SAMPLE[:-4]}" in line]
            if ran:
                raise RuntimeError(f"the copies are not at rest: {ran[0]}")
    finally:
        fleet.close()
    return most, last


def _tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _tree(int(child))


def _taken(pid: int) -> int:
    """Return the bytes of a process; what it shares with others counts in part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def make_sample(kubeconfig: Path, folder: Path) -> None:
    """Have the operator make the tenant that is copied, and wait until nothing of it changes any more."""
    programs = Path(sys.executable).parent
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "src")}
    install = [programs / "ansible-playbook", "neurallog.tenant.install"]
    subprocess.run(install, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    tenants = kubernetes.client.CustomObjectsApi(kubernetes.config.new_client_from_config(str(kubeconfig)))
    kind = ("neurallog.io", "v1", "tenants")
    sample = {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "metadata": {"name": SAMPLE}, "spec": {}}
    with operator(kubeconfig, folder):
        try:
            tenants.create_cluster_custom_object(*kind, sample)
        except kubernetes.client.ApiException as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
        before, seen = None, time.monotonic()
        while time.monotonic() - seen < SETTLED:
            status = tenants.get_cluster_custom_object(*kind, SAMPLE).get("status", {})
            if status != before or "applied" not in status or status.get("phase") != "Running":
                before, seen = status, time.monotonic()
            time.sleep(LOOK)


def main(counts: list[int]) -> None:
    """Print what the operator takes with these numbers of tenants."""
    kubeconfig = CHECKOUT / ".devcluster" / "kubeconfig"
    with tempfile.TemporaryDirectory() as folder:
        make_sample(kubeconfig, Path(folder))
        print("tenants  start (MiB)  at rest (MiB)", flush=True)
        for count in counts:
            most, rest = measure(kubeconfig, count, Path(folder))
            print(f"{count:7}  {most:11.0f}  {rest:13.0f}", flush=True)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [1000])
