"""The programs of the control plane: found on this machine, else downloaded, else built from source.

A program counts as there only under its final name, which it gets by a rename when it is complete; what was interrupted
leaves nothing but a temporary file. A lock per folder makes a second process wait for the first one's work.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

KUBERNETES_VERSION = "v1.36.3"
ETCD_VERSION = "v3.6.16"
KWOK_VERSION = "v0.8.0"
KIND_VERSION = "v0.33.0"
HELM_VERSION = "v4.3.2"

SOURCES = Path(__file__).parent / "binaries"
"""The go.mod that names every program of the control plane and its version; kind's is in a folder of its own."""

DOWNLOAD_TIMEOUT = 20.0
"""Seconds without an answer after which a download counts as impossible."""


class BinaryError(Exception):
    """A program can neither be found nor downloaded nor built."""


@dataclass(frozen=True)
class Binary:
    """One program: ``package`` builds it, ``release`` is where its project publishes it."""

    name: str
    package: str
    release: str
    version: re.Pattern[str]
    version_arguments: tuple[str, ...] = ("--version",)
    packed: str | None = None
    """The path inside the archive, where ``release`` is one."""
    sources: Path = SOURCES
    """Where its go.mod is."""


def _kubernetes(name: str, *arguments: str) -> Binary:
    return Binary(
        name=name,
        package=f"k8s.io/kubernetes/cmd/{name}",
        release="https://dl.k8s.io/release/" + KUBERNETES_VERSION + "/bin/linux/{arch}/" + name,
        version=re.compile(re.escape(KUBERNETES_VERSION) + r"\b"),
        version_arguments=arguments or ("--version",),
    )


def _kwok(name: str) -> Binary:
    return Binary(
        name=name,
        package=f"sigs.k8s.io/kwok/cmd/{name}",
        release=f"https://github.com/kubernetes-sigs/kwok/releases/download/{KWOK_VERSION}/{name}-linux-{{arch}}",
        version=re.compile(re.escape(KWOK_VERSION) + r"\b"),
    )


KIND = Binary(
    name="kind",
    package="sigs.k8s.io/kind",
    release=f"https://github.com/kubernetes-sigs/kind/releases/download/{KIND_VERSION}/kind-linux-{{arch}}",
    version=re.compile(re.escape(KIND_VERSION) + r"\b"),
    version_arguments=("version",),
    sources=SOURCES / "kind",
)

HELM = Binary(
    name="helm",
    package="helm.sh/helm/v4/cmd/helm",
    release=f"https://get.helm.sh/helm-{HELM_VERSION}-linux-{{arch}}.tar.gz",
    version=re.compile(re.escape(HELM_VERSION) + r"\b"),
    version_arguments=("version",),
    packed="linux-{arch}/helm",
    sources=SOURCES / "helm",
)

CONTROL_PLANE = (
    _kwok("kwokctl"),
    _kwok("kwok"),
    Binary(
        name="etcd",
        package="go.etcd.io/etcd/server/v3",
        release=f"https://github.com/etcd-io/etcd/releases/download/{ETCD_VERSION}/etcd-{ETCD_VERSION}-linux-{{arch}}.tar.gz",
        version=re.compile(r"etcd Version: 3\.6\."),
        packed=f"etcd-{ETCD_VERSION}-linux-{{arch}}/etcd",
    ),
    _kubernetes("kubectl", "version", "--client"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-apiserver"),
)


def cache_folder() -> Path:
    """Return the folder of the programs: ``NEURALLOG_DEVCLUSTER_CACHE``, else one below ``XDG_CACHE_HOME``."""
    if named := os.environ.get("NEURALLOG_DEVCLUSTER_CACHE"):
        return Path(named).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neurallog-devcluster"


def _control_plane_folder() -> Path:
    return cache_folder() / f"kubernetes-{KUBERNETES_VERSION}-etcd-{ETCD_VERSION}-kwok-{KWOK_VERSION}"


def architecture() -> str:
    """Return this machine's architecture by its Go name."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def ensure(folder: Path | None = None) -> dict[str, Path]:
    """Return the paths of all programs of the control plane. Get those that are missing.

    Raises:
        BinaryError: one cannot be found, downloaded or built; the message says what was tried.
    """
    return _ensure(folder or _control_plane_folder(), CONTROL_PLANE)


def ensure_kind() -> Path:
    """Return the path of kind. Get it if it is missing.

    Raises:
        BinaryError: it cannot be found, downloaded or built; the message says what was tried.
    """
    return _ensure(cache_folder() / f"kind-{KIND_VERSION}", (KIND,))[KIND.name]


def ensure_helm() -> Path:
    """Return the path of helm. Get it if it is missing.

    Raises:
        BinaryError: it cannot be found, downloaded or built; the message says what was tried.
    """
    return _ensure(cache_folder() / f"helm-{HELM_VERSION}", (HELM,))[HELM.name]


def find_kubectl() -> Path:
    """Return the path of an existing kubectl of any version: on PATH, else this checkout's own.

    Raises:
        BinaryError: there is none; the message says how to get one.
    """
    own = _control_plane_folder() / "kubectl"
    if kubectl := shutil.which("kubectl") or (own if own.exists() else None):
        return Path(kubectl)
    raise BinaryError(
        "kubectl is missing: install it (https://kubernetes.io/docs/tasks/tools/), or name one: KUBECTL=/path/to/it"
    )


def _ensure(folder: Path, binaries: Sequence[Binary]) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {binary.name: folder / binary.name for binary in binaries}
    if all(path.exists() for path in paths.values()):
        return paths
    with _locked(folder):
        missing = [binary for binary in binaries if not paths[binary.name].exists()]
        downloads = True
        for position, binary in enumerate(missing, start=1):
            target = paths[binary.name]
            progress = f"[{position}/{len(missing)}] {binary.name}"
            if located := _find(binary):
                print(f"{progress}: using {located}", flush=True)
                _link(located, target)
                continue
            if downloads:
                print(f"{progress}: downloading", flush=True)
                downloads = _download(binary, target)
            if not target.exists():
                print(f"{progress}: building from source", flush=True)
                started = time.monotonic()
                _build(binary, target)
                print(f"{progress}: built in {time.monotonic() - started:.0f} s", flush=True)
    return paths


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. The kernel releases it when this process ends."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another process that fills {folder}", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in folder.glob(".partial-*"):
            leftover.unlink()
        yield


def _find(binary: Binary) -> Path | None:
    """Return the program of the pinned version in KUBEBUILDER_ASSETS or on PATH, or None."""
    folders = [os.environ.get("KUBEBUILDER_ASSETS", ""), *os.environ.get("PATH", "").split(os.pathsep)]
    for folder in filter(None, folders):
        path = Path(folder) / binary.name
        if path.is_file() and os.access(path, os.X_OK) and _is_pinned(binary, path):
            return path.absolute()
    return None


def _is_pinned(binary: Binary, path: Path) -> bool:
    try:
        answer = subprocess.run(
            [path, *binary.version_arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return bool(binary.version.search(answer.stdout))


def _link(found: Path, target: Path) -> None:
    with _partial(target) as partial:
        partial.unlink()
        partial.symlink_to(found)


def _download(binary: Binary, target: Path) -> bool:
    """Download the published program. Return False if this machine cannot download."""
    url = binary.release.format(arch=architecture())
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT) as answer, _partial(target) as partial:  # noqa: S310 - https, from the table above
            with partial.open("wb") as file:
                shutil.copyfileobj(answer, file)
            if binary.packed:
                _unpack(partial, binary.packed.format(arch=architecture()))
            partial.chmod(0o755)
            if not _is_pinned(binary, partial):
                raise BinaryError(f"{url} is not the program that was expected")
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        print(f"  cannot be downloaded here: {getattr(error, 'reason', error)}", flush=True)
        return False
    return True


def _unpack(archive: Path, member: str) -> None:
    """Replace an archive by one of its members."""
    unpacked = archive.with_name(f"{archive.name}-unpacked")
    try:
        with tarfile.open(archive) as tar, unpacked.open("wb") as file:
            source = tar.extractfile(member)
            if source is None:
                raise KeyError(member)
            shutil.copyfileobj(source, file)
    except (KeyError, tarfile.TarError) as error:
        unpacked.unlink(missing_ok=True)
        raise BinaryError(f"the archive that was downloaded is not the expected one: {error}") from None
    unpacked.replace(archive)


def _build(binary: Binary, target: Path) -> None:
    """Build the program from the Go module proxy; Go's own cache resumes what was interrupted."""
    go = shutil.which("go")
    if not go:
        raise BinaryError(
            f"{binary.name} cannot be downloaded, and there is no Go to build it: install Go 1.26 or later"
        )
    component_base = "k8s.io/component-base/version"
    major, minor, _ = KUBERNETES_VERSION.lstrip("v").split(".")
    flags = [
        "-s -w",
        f"-X {component_base}.gitVersion={KUBERNETES_VERSION}",
        f"-X {component_base}.gitMajor={major} -X {component_base}.gitMinor={minor}",
        f"-X sigs.k8s.io/kwok/pkg/consts.Version={KWOK_VERSION}",
        f"-X helm.sh/helm/v4/internal/version.version={HELM_VERSION}",
    ]
    with _partial(target) as partial:
        done = subprocess.run(
            [go, "build", "-buildvcs=false", "-ldflags", " ".join(flags), "-o", partial, binary.package],
            cwd=binary.sources,
            env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise BinaryError(f"{binary.name} could not be built: see the messages of go above")


@contextlib.contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside the target, that becomes the target when all went well."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".partial-{target.name}-")
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
