"""What differs between two versions of an object is told field by field."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.kube import differences


def service(**spec):
    return {"kind": "Service", "metadata": {"name": "redis", "resourceVersion": "1"}, "spec": spec}


def port(name, number):
    return {"name": name, "port": number}


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        (service(a=1), service(a=1), []),
        (service(a=1), service(a=2), [{"path": ".spec.a", "before": "1", "after": "2"}]),
        (service(), service(a="x"), [{"path": ".spec.a", "after": '"x"'}]),
        (service(a=None), service(), [{"path": ".spec.a", "before": "null"}]),
        (service(a={"b": 1}), service(a={}), [{"path": ".spec.a.b", "before": "1"}]),
        (service(a=[1]), service(a=[1, 2]), [{"path": ".spec.a", "before": "[1]", "after": "[1, 2]"}]),
        (
            service(ports=[port("a", 1), port("b", 2)]),
            service(ports=[port("b", 3), port("a", 1)]),
            [{"path": '.spec.ports[name="b"].port', "before": "2", "after": "3"}],
        ),
        (
            service(ports=[port("a", 1)]),
            service(ports=[]),
            [{"path": ".spec.ports", "before": '[{"name": "a", "port": 1}]', "after": "[]"}],
        ),
        (
            service(labels={"neurallog.io/tenant": "acme"}),
            service(labels={"neurallog.io/tenant": "ÿ"}),
            [{"path": '.spec.labels["neurallog.io/tenant"]', "before": '"acme"', "after": '"ÿ"'}],
        ),
    ],
)
def test_each_field_has_its_path_and_both_values(before, after, fields):
    assert differences.of(before, after) == fields


def test_the_servers_own_notes_are_no_difference():
    before = service()
    assert differences.of(before, {**before, "metadata": {"name": "redis", "resourceVersion": "2"}, "status": {}}) == []


def test_a_secret_shows_that_it_changed_and_not_what_it_is():
    def secret(value):
        return {"kind": "Secret", "metadata": {"name": "s"}, "data": {"password": value, "user": "same"}}

    (field,) = differences.of(secret("old"), secret("new"))
    assert field == {"path": ".data.password", "before": '"(masked)"', "after": '"(masked, changed)"'}


def test_long_values_and_many_fields_are_cut():
    (field,) = differences.of(service(a=""), service(a="x" * 500))
    assert len(field["after"]) == differences.LONGEST + 1
    fields = differences.of(service(), service(**{f"f{number:02}": number for number in range(25)}))
    assert len(fields) == differences.MOST + 1
    assert fields[-1] == {"path": "5 more"}
