"""Manifests of a component, as tests write them."""

from ansible_collections.neurallog.tenant.plugins.plugin_utils.manifests import Entry, Source


def manifest(kind, name, api_version="v1", **rest):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **rest}


def source(made, mode="apply", *, optional=False):
    entry = Entry("a.yaml", mode=mode, optional=optional)
    return Source(entry, made["apiVersion"], made["kind"], made)


def writes(api):
    return [(method, path.rpartition("/")[2]) for method, path, _ in api.requests if method != "GET"]


def claim(size):
    spec = {"resources": {"requests": {"storage": size}}}
    return manifest("PersistentVolumeClaim", "data-redis-0", spec=spec)
