from __future__ import annotations


class ModuleDocFragment:
    # The connection options themselves are documented by kubernetes.core.k8s_auth_options.
    DOCUMENTATION = r"""
options:
  tenant:
    description:
      - The Tenant as the server has it, with its UID, as the first task of C(neurallog.tenant.reconcile) returns it.
    type: dict
    required: true
notes:
  - Runs in Ansible's own process on the controller, whatever the connection of the host is.
  - Authenticates exactly as the modules of C(kubernetes.core) do, by options, C(K8S_AUTH_*) or kubeconfig.
requirements:
  - kubernetes >= 31
"""
