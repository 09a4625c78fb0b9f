#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin; see plugins/action/tenant.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tenant
short_description: Take a Tenant to the server and go on with its answer
version_added: 0.1.0
author: NeuralLog (@neurallog)
description:
  - Applies a Tenant manifest by server-side apply with the field manager C(ansible), and returns it as the server has
    it, with its defaults, after its rules have been checked. A Tenant that came from the cluster is read again.
  - The server is the only validator. Its message is the task's.
options:
  tenant:
    description: The Tenant, a manifest or as it was read from the cluster.
    type: dict
    default: {}
  error:
    description: Why there is no usable Tenant. The task fails with it.
    type: str
    default: ""
  state:
    description: With C(read) nothing is applied; the server's Tenant is returned, or the manifest where it has none.
    type: str
    choices: [present, read]
    default: present
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
requirements:
  - kubernetes >= 31
attributes:
  check_mode:
    support: full
    description: The server is asked by a dry run.
  diff_mode:
    support: full
    description: Shows what changes in the Tenant, the server's defaults included.
"""

EXAMPLES = r"""
- name: Take the Tenant to the server
  neurallog.tenant.tenant:
    tenant: "{{ tenant }}"
  register: tenant
"""

RETURN = r"""
apiVersion:
  description: The API version of the Tenant.
  returned: success
  type: str
kind:
  description: The kind, C(Tenant).
  returned: success
  type: str
metadata:
  description: The metadata of the Tenant, with its UID.
  returned: success
  type: dict
spec:
  description: The specification, with the server's defaults.
  returned: success
  type: dict
status:
  description: What was last reported of the tenant.
  returned: when it was reported
  type: dict
"""
