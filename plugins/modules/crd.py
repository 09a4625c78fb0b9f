#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin; see plugins/action/crd.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crd
short_description: Put the Tenant API on a cluster
version_added: 0.1.0
author: NeuralLog (@neurallog)
description:
  - Applies the manifests of the collection's C(config/crd), the CustomResourceDefinition of Tenants and the policy that
    guards their deletion, and waits until the API server serves Tenants.
options:
  wait_timeout:
    description: Seconds after which the API has to be served.
    type: int
    default: 30
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
    description: Shows what the server changes.
"""

EXAMPLES = r"""
- name: Put the Tenant API on the cluster
  neurallog.tenant.crd:
"""

RETURN = r"""
objects:
  description: What was done to each object, as of M(neurallog.tenant.apply).
  returned: always
  type: list
  elements: dict
"""
