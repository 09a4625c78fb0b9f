from __future__ import annotations


class ModuleDocFragment:
    """The options of every action plugin that runs hooks."""

    DOCUMENTATION = r"""
options:
  hook_namespace:
    description: Where C(preCreate) and C(postDelete) run.
    type: str
    default: neurallog-system
  hook_http_image:
    description: The image that sends requests; C(curl) must be in its path.
    type: str
    default: curlimages/curl:8.11.1
  hook_deadline_seconds:
    description: Seconds after which a Job counts as failed.
    type: int
    default: 600
"""
