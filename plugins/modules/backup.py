#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin; see plugins/action/backup.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup
short_description: Back a tenant up now
version_added: 0.1.0
author: NeuralLog (@neurallog)
description:
  - Makes a Job from the tenant's CronJob of backups, as C(kubectl create job --from) does.
  - The Job is named by the value of the annotation C(neurallog.io/backup-now) of the Tenant. So each value is one
    backup. Without the annotation nothing is done.
extends_documentation_fragment:
  - neurallog.tenant.connection
  - kubernetes.core.k8s_auth_options
attributes:
  check_mode:
    support: full
    description: Tells whether a Job would be made.
"""

EXAMPLES = r"""
- name: Back up if the Tenant asks for it
  neurallog.tenant.backup:
    tenant: "{{ tenant }}"
"""

RETURN = r"""
job:
  description: The name of the Job.
  returned: when the Tenant asks for a backup
  type: str
"""
