#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin; see plugins/action/status.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: status
short_description: Report the status of a tenant
version_added: 0.1.0
author: NeuralLog (@neurallog)
description:
  - Looks at the objects of the tenant and writes what they say to the status of the Tenant.
  - A status that did not change is not written. A status is an observation, so the task never says C(changed).
  - Writes with the UID of the Tenant, so that a late report does not bring a deleted Tenant back.
options:
  failure:
    description: The message of a task that failed for this tenant. It is reported, and then the task fails with it.
    type: str
    default: ""
  waiting:
    description: Whether C(failure) says what is waited for. It is reported and returned in C(remaining).
    type: bool
    default: false
  reconciled:
    description: All of the Tenant was applied just now, so that a request for another run is carried out.
    type: bool
    default: false
  wait:
    description: Go on reporting until all components are ready, and show what it waits for.
    type: bool
    default: false
  wait_timeout:
    description: Seconds after which waiting is given up.
    type: int
    default: 300
  ingress_domains:
    description: Which hosts an Ingress may have, as patterns of a shell; to say why the tenant does not get one.
    type: list
    elements: str
    default: ['*']
extends_documentation_fragment:
  - neurallog.tenant.connection
  - kubernetes.core.k8s_auth_options
requirements:
  - cronsim >= 2.6
attributes:
  check_mode:
    support: full
    description: Nothing is written.
"""

EXAMPLES = r"""
- name: Report the status and wait for the tenant
  neurallog.tenant.status:
    tenant: "{{ tenant }}"
    wait: true
"""

RETURN = r"""
status:
  description: The status of the Tenant.
  returned: when the Tenant is on the server
  type: dict
ready:
  description: Whether the Tenant is ready; its hook C(postCreate) has run, too.
  returned: when the Tenant is on the server
  type: bool
components_ready:
  description: Whether all components are ready, and nothing failed.
  returned: when the Tenant is on the server
  type: bool
remaining:
  description: What is waited for.
  returned: when I(waiting) is set
  type: list
  elements: str
"""
