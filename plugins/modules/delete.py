#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin; see plugins/action/delete.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: delete
short_description: Delete a tenant with all that belongs to it
version_added: 0.1.0
author: NeuralLog (@neurallog)
description:
  - Deletes the tenant's namespace, waits until nothing of it is left, and deletes the Tenant. Both deletes carry the
    UID, so that nothing else is hit.
  - With the deletion policy C(Retain) the owner references are taken off, and namespace and data stay.
  - A Tenant with the operator's finalizer is deleted by the operator; the task deletes the Tenant and waits.
  - The hook C(preDelete) runs before, C(postDelete) when the namespace is gone, each once.
  - A Tenant that is being deleted already is not deleted again; what is left of it is reported.
options:
  release:
    description:
      - Do the operator's part as well, and remove its finalizer when nothing is left.
      - This is for a cluster whose operator is gone.
    type: bool
    default: false
  wait:
    description: Wait until nothing is left. Without it what is left is returned in C(remaining).
    type: bool
    default: true
  wait_timeout:
    description: Seconds after which waiting is given up.
    type: int
    default: 300
extends_documentation_fragment:
  - neurallog.tenant.connection
  - neurallog.tenant.hooks
  - kubernetes.core.k8s_auth_options
attributes:
  check_mode:
    support: full
    description: Says what would go. Nothing is deleted.
"""

EXAMPLES = r"""
- name: Delete the tenant
  neurallog.tenant.delete:
    tenant: "{{ tenant }}"
"""

RETURN = r"""
summary:
  description: What goes, or went, in one sentence.
  returned: always
  type: str
exists:
  description: Whether the cluster has the Tenant.
  returned: always
  type: bool
tenants:
  description: How many Tenants the cluster has.
  returned: in check mode
  type: int
remaining:
  description: What is left of the tenant after the task.
  returned: always
  type: list
  elements: str
"""
