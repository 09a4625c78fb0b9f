#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin; see plugins/action/apply.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apply
short_description: State all objects of a component of a tenant
version_added: 0.1.0
author: NeuralLog (@neurallog)
description:
  - Brings the tenant's namespace to what the templates of one component say, by server-side apply.
  - A template is parsed as YAML first, and then each of its leaves is templated, so that a value never changes the
    structure. A key whose value is null is left out.
  - Every object gets the tenant's namespace, the recommended labels and, unless it isolates or the deletion policy is
    C(Retain), an owner reference to the Tenant.
  - A Namespace is created and never merged into. Where it exists already and is not this Tenant's, nothing is written.
  - Objects of the same kinds that this component made before and no longer applies are deleted.
  - While the Tenant is paused nothing is done.
options:
  component:
    description: The name of the component, which becomes the label C(app.kubernetes.io/component).
    type: str
    required: true
  manifests:
    description:
      - Templates of the component's objects, in the order in which they are applied, each a file name or a dictionary.
      - C(template) is the file; C(when) says whether its objects exist, C(loop) makes one object for each C(item).
      - C(mode) is C(apply); C(create) for an object that is created once, after which only its metadata is applied;
        C(grow) for a volume claim that a controller makes, whose size is applied where it exists and asks for less.
      - C(keep) is for what holds data; it is not deleted when it is no longer applied.
      - C(files) of the role become the data of a ConfigMap, each under its own name, as they are. Comment lines at the
        beginning of a file stay behind.
      - In a template, a mapping with the key C($when) is left out where the value of this key is false.
      - C(optional) leaves out an object whose kind the server does not know.
    type: list
    elements: raw
    required: true
  force:
    description:
      - Take fields that another field manager owns. If C(false), the conflict is explained and nothing is taken.
    type: bool
    default: true
  paused_too:
    description:
      - Whether to apply the component although C(spec.paused) is C(true), as a restore does.
    type: bool
    default: false
  propagation_seconds:
    description:
      - Seconds within which the kubelets bring a changed Secret to all pods.
      - The pods of a Deployment that read a Secret at their start are replaced when they are over. Until then
        RV(remaining) names the Secret.
    type: int
    default: 120
  new_namespace:
    description:
      - Whether this run made the namespace, as RV(new_namespace) of the component says that makes it.
      - Nothing is in it then that would have to be read before the component is applied.
    type: bool
    default: false
  ingress_domains:
    description:
      - Which hosts an Ingress may have, as patterns of a shell such as C(*.example.com).
      - A host that another Ingress of the cluster has, or that no pattern matches, is left out.
      - RV(remaining) names it.
    type: list
    elements: str
    default: ['*']
extends_documentation_fragment:
  - neurallog.tenant.connection
  - kubernetes.core.k8s_auth_options
attributes:
  check_mode:
    support: full
    description: The server is asked by a dry run; nothing is changed.
  diff_mode:
    support: full
    description: Shows what the server changes, and which field manager loses a field. Values of Secrets are masked.
"""

EXAMPLES = r"""
- name: Apply the Redis
  neurallog.tenant.apply:
    tenant: "{{ tenant }}"
    component: redis
    manifests:
      - template: configmap.yaml
        files: [start.sh]
      - template: secret.yaml
        mode: create
      - statefulset.yaml
      - template: custom.yaml
        loop: "{{ rules }}"
"""

RETURN = r"""
remaining:
  description: What the component still waits for.
  returned: when there is something
  type: list
  elements: str
requeue_after:
  description: Seconds after which the component has to be applied again, because time alone ends what it waits for.
  returned: when that is so
  type: float
new_namespace:
  description: Whether this run made the namespace.
  returned: success
  type: bool
objects:
  description: What was done to each object.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Its kind.
      type: str
      returned: always
    name:
      description: Its name.
      type: str
      returned: always
    namespace:
      description: Its namespace.
      type: str
      returned: when it has one
    uid:
      description: Its UID.
      type: str
      returned: when it exists
    resourceVersion:
      description: Its version after the task.
      type: str
      returned: when it exists
    applied:
      description:
        - A hash of what the field manager owns of the object, from its C(managedFields). Who keeps it can tell later
          whether somebody took a field away.
      type: str
      returned: when it exists
    operation:
      description: One of C(created), C(updated), C(unchanged), C(deleted).
      type: str
      returned: always
    fields:
      description: The fields that were changed, each with its C(path), and its values C(before) and C(after).
      type: list
      elements: dict
      returned: when it was updated
    taken:
      description: The fields that others lost to this task, by their field manager.
      type: dict
      returned: when there are some
"""
