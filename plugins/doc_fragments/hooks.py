from __future__ import annotations


class ModuleDocFragment:
    """The options of every action plugin that runs hooks."""

    DOCUMENTATION = r"""
options:
  lifecycle_namespace:
    description: Where C(preCreate) and C(postDelete) run.
    type: str
    default: neurallog-hooks
  lifecycle_http_image:
    description: The image that sends requests; C(curl) and C(sleep) must be in its path.
    type: str
    default: curlimages/curl:8.11.1
  lifecycle_deadline_seconds:
    description: Seconds after which a Job counts as failed.
    type: int
    default: 600
  lifecycle_allowed_images:
    description:
      - Which images a hook with C(exec) may have, as patterns of a shell such as C(registry.example.com/hooks/*).
    type: list
    elements: str
    default: ['*']
  lifecycle_denied_networks:
    description:
      - Blocks of addresses that no hook in O(lifecycle_namespace) reaches.
      - Pods, Services, nodes and the API server must be in them.
      - By default all that are private (RFC 1918, RFC 4193, RFC 6598), of a link or of the machine itself.
    type: list
    elements: str
    default:
      - 10.0.0.0/8
      - 100.64.0.0/10
      - 127.0.0.0/8
      - 169.254.0.0/16
      - 172.16.0.0/12
      - 192.168.0.0/16
      - ::1/128
      - fc00::/7
      - fe80::/10
  lifecycle_exec_ports:
    description:
      - TCP ports that a hook with C(exec) in O(lifecycle_namespace) may reach outside of these networks.
      - By default it reaches nothing.
    type: list
    elements: int
    default: []
"""
