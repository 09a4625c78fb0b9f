import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.neurallog.tenant.plugins.module_utils import names

dns_label = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,54}[a-z0-9])?", fullmatch=True)


@given(st.sets(dns_label, min_size=2, max_size=2))
def test_two_tenants_never_share_a_namespace(pair):
    first, second = pair
    assert names.namespace_name(first) != names.namespace_name(second)


@given(dns_label)
def test_every_valid_tenant_name_gives_a_valid_namespace_name(name):
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", names.namespace_name(name))


@pytest.mark.parametrize("name", ["", "a" * 57])
def test_a_name_that_no_namespace_can_carry_is_refused_by_field(name):
    with pytest.raises(ValueError, match=r"metadata\.name"):
        names.namespace_name(name)


@given(dns_label)
def test_the_instance_of_an_object_is_a_label_that_no_application_has_for_a_name(name):
    labels = names.object_labels(name, "redis")
    instance = labels.pop("app.kubernetes.io/instance")
    assert instance != instance.lower()
    assert len(instance) <= 63
    assert labels.items() <= names.labels(name, "redis").items()


@given(dns_label)
def test_selectors_select_what_the_labels_say(name):
    assert names.selector_labels(name, "redis").items() <= names.labels(name, "redis").items()
