"""Kinds of the Kubernetes API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GroupVersionKind:
    """A kind of the API. The core group is the empty string.

    Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#standard-api-terminology
    """

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of the kind, such as ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version
