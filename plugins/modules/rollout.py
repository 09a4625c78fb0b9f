#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin; see plugins/action/rollout.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout
short_description: Replace pods that block a rollout
version_added: 0.1.0
author: NeuralLog (@neurallog)
description:
  - Deletes pods of a StatefulSet that cannot start and have an older specification than the StatefulSet.
  - The controller of StatefulSets waits until a pod is ready before it replaces it. A pod that never becomes ready
    stays for ever, even when the StatefulSet has been mended. See forced rollback in the documentation of Kubernetes.
  - A pod with the present specification, one that is ready, and one that is still starting are left alone.
options:
  name:
    description: The name of the StatefulSet in the tenant's namespace.
    type: str
    required: true
  wait_timeout:
    description: The most seconds to wait until the controller has seen the last change of the StatefulSet.
    type: int
    default: 5
extends_documentation_fragment:
  - neurallog.tenant.connection
  - kubernetes.core.k8s_auth_options
attributes:
  check_mode:
    support: full
    description: Tells which pods would be replaced.
seealso:
  - name: Forced rollback
    description: Why the controller waits.
    link: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
"""

EXAMPLES = r"""
- name: Replace pods that block the rollout of Redis
  neurallog.tenant.rollout:
    tenant: "{{ tenant }}"
    name: redis
"""

RETURN = r"""
pods:
  description: The names of the pods that were deleted, or would be.
  returned: success
  type: list
  elements: str
"""
