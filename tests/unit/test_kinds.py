"""The table of kinds is what templates, watches.yaml and the operator's rights say."""

import re

import yaml

from ansible_collections.neurallog.tenant.plugins.module_utils import kinds, ownership
from tests.control_plane import CHECKOUT

MADE = {kind.key for kind in kinds.MADE}
PATTERN = re.compile(r"^apiVersion: (\S+)\n(?:.*\n)*?kind: (\S+)$", re.MULTILINE)


def templates():
    """Return the kinds of all templates of the roles, by apiVersion and kind."""
    paths = CHECKOUT.glob("roles/*/templates/*.yaml")
    return {found for path in paths for found in PATTERN.findall(path.read_text())}


def dependents():
    (watch,) = yaml.safe_load((CHECKOUT / "watches.yaml").read_text())
    return watch["dependents"]["kinds"]


def api_version(kind):
    return f"{kind['group']}/{kind['version']}" if "group" in kind else kind["version"]


def test_the_table_has_exactly_the_kinds_that_the_roles_make():
    assert templates() == MADE


def test_what_the_roles_make_is_watched_and_nothing_else():
    assert {(api_version(kind), kind["kind"]) for kind in dependents()} == MADE


def test_kinds_that_a_cluster_may_not_serve_are_optional_in_both_places():
    optional = {(api_version(kind), kind["kind"]) for kind in dependents() if kind.get("optional")}
    assert optional == {kind.key for kind in kinds.ALL if kind.is_optional}
    assert not optional & kinds.SERVED.keys()


def test_what_isolates_is_watched_for_what_others_add():
    assert {kind["kind"] for kind in dependents() if kind.get("exclusive")} == ownership.ISOLATING_KINDS


def test_all_but_what_isolates_what_gives_rights_and_jobs_stays_under_retain():
    apart = {"Namespace", "Secret"}  # taken off their owners by name
    staying = {kind.resource.kind for kind in kinds.RETAINED} | apart
    others = ownership.ISOLATING_KINDS | ownership.GRANTING_KINDS | {"Job"}
    assert {kind.resource.kind for kind in kinds.MADE} - staying == others


def test_the_operator_may_list_watch_and_apply_what_the_roles_make():
    (role,) = (
        each
        for each in yaml.safe_load_all((CHECKOUT / "config/rbac/role.yaml").read_text())
        if each["metadata"]["name"] == "tenant-operator" and each["kind"] == "ClusterRole"
    )
    verbs = {}
    for rule in role["rules"]:
        for group in rule.get("apiGroups", ()):
            for plural in rule["resources"]:
                verbs.setdefault((group, plural), set()).update(rule["verbs"])
    for kind in kinds.MADE:
        version = kind.resource.api_version
        group = version.rpartition("/")[0]
        assert verbs[group, kind.resource.plural] >= {"watch", "create", "patch"}, kind.key
