#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin; see plugins/action/hook.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hook
short_description: Run a hook of a tenant's life
version_added: 0.1.0
author: NeuralLog (@neurallog)
description:
  - Runs what C(spec.lifecycle) asks for as a Job, once for each Tenant UID. That it has run is kept in C(status.hooks).
  - The Job has a name of its own for each Tenant UID and hook, so that an interrupted run finds it again.
  - The end of C(postCreate) makes the Tenant ready, which is reported at once.
  - A Tenant without such a hook, or with one that has run, is left alone. While the Tenant is paused nothing is done.
options:
  hook:
    description: Which hook.
    type: str
    required: true
    choices: [preCreate, postCreate]
  wait:
    description:
      - Wait for the end of the Job. Without it a later task goes on with a Job that is still running.
      - C(preCreate) fails while it runs, since nothing may be made before its end, and returns C(waiting).
    type: bool
    default: true
  wait_timeout:
    description: Seconds after which waiting is given up. The task fails then, and a later one goes on with the Job.
    type: int
    default: 300
extends_documentation_fragment:
  - neurallog.tenant.connection
  - neurallog.tenant.hooks
  - kubernetes.core.k8s_auth_options
attributes:
  check_mode:
    support: full
    description: Tells whether the hook would run. Nothing is run.
"""

EXAMPLES = r"""
- name: Run the hook preCreate
  neurallog.tenant.hook:
    tenant: "{{ tenant }}"
    hook: preCreate
"""

RETURN = r"""
changed:
  description: Whether the hook was started by this task, or would be.
  returned: always
  type: bool
waiting:
  description: Whether the hook is running and is not waited for.
  returned: when the hook has not ended
  type: bool
"""
