"""Expressions of templates: plain data goes in, and plain data comes out."""

import pytest
from ansible.template import Templar, trust_as_template

from ansible_collections.neurallog.tenant.plugins.plugin_utils import expressions
from ansible_collections.neurallog.tenant.plugins.plugin_utils.expressions import ExpressionError, Variables


def variables(**known):
    return Variables(Templar(variables=known))


def evaluate(text, **known):
    return expressions.evaluate(text, variables(**known))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ size }}", 3),
        ("{{ size > 2 }}", True),
        ("{{ none }}", None),
        ("{{ [size, 'x'] }}", [3, "x"]),
        ("{{ {'a': size} }}", {"a": 3}),
        ("{{ range(size) | map('string') }}", ["0", "1", "2"]),
        ("{{ missing | default('x') }}", "x"),
        ("{{ missing is defined }}", False),
    ],
)
def test_one_expression_is_its_value_of_whatever_type(text, value):
    found = evaluate(text, size=3)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [("a-{{ size }}", "a-3"), ("{{ size }}{{ size }}", "33"), ("{{ size > 2 }}.", "True."), ("{{ size }} ", "3 ")],
)
def test_expressions_within_a_text_are_a_string(text, value):
    assert evaluate(text, size=3) == value


def test_filters_are_those_that_ansible_finds():
    assert evaluate("{{ {'a': 1} | combine({'b': 2}) }}") == {"a": 1, "b": 2}
    assert evaluate("{{ '/a/b.sh' | ansible.builtin.basename }}") == "b.sh"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ missing }}", "'missing' is undefined"),
        ("{{ tenant.spec.gone }}", "has no attribute 'gone'"),
        ("{{ tenant.spec.gone.further }}", "has no attribute 'gone'"),
        ("x-{{ missing }}", "'missing' is undefined"),
        ("{{ 1 | nobody.knows.it }}", "nobody.knows.it"),
        ("{{ 1 | combine({}) }}", "expected dicts but got"),
        ("{{ 1 + 'a' }}", "unsupported operand"),
        ("{{ 1 +", "unexpected"),
        ("{% if true %}a{% endif %}", "expressions, and no statements"),
    ],
)
def test_what_cannot_be_evaluated_says_why(text, message):
    with pytest.raises(ExpressionError, match=message):
        evaluate(text, tenant={"spec": {}})


def test_what_a_user_sets_a_variable_to_is_evaluated_by_ansible_and_what_a_tenant_says_is_not():
    known = {
        "image": trust_as_template("{{ registry }}/redis"),
        "registry": "local",
        "tenant": {"description": "{{ registry }}"},
    }
    assert evaluate("{{ image }} {{ tenant.description }}", **known) == "local/redis {{ registry }}"


def test_a_filter_that_a_collection_does_not_have_is_named(monkeypatch):
    monkeypatch.setattr(expressions.filter_loader, "get", lambda name: None)
    with pytest.raises(ExpressionError, match=r"there is no filter neurallog\.tenant\.nobody"):
        evaluate("{{ 1 | neurallog.tenant.nobody }}")


@pytest.mark.parametrize(("text", "holds"), [("a {b} c", False), ("a-{{ b }}", True), ("{% if b %}", True)])
def test_a_text_with_expressions_or_statements_is_a_template(text, holds):
    assert expressions.is_template(text) is holds


def test_braces_within_a_string_end_no_expression():
    assert evaluate("{{ '{{' ~ ' size }}' }}") == "{{ size }}"


def test_an_item_is_known_beside_the_variables_and_hides_none_of_them():
    known = variables(size=3, item="another")
    assert expressions.evaluate("{{ item }}-{{ size }}", known.with_item({"a": 1})) == "{'a': 1}-3"
    assert expressions.evaluate("{{ item }}", known) == "another"


class Counting(dict):
    asked = 0

    def __getitem__(self, name):
        self.asked += 1
        return super().__getitem__(name)


def test_a_variable_is_evaluated_once():
    templar = Templar(variables={})
    templar.available_variables = known = Counting(size=3)
    found = Variables(templar)
    assert [expressions.evaluate("{{ size }}", found) for _ in range(3)] == [3, 3, 3]
    assert known.asked == 1


def test_what_a_playbook_says_is_evaluated_and_what_it_does_not_vouch_for_is_not():
    entry = {"template": "a.yaml", "when": trust_as_template("{{ size > 2 }}"), "loop": ["{{ size }}", 1, None]}
    assert expressions.evaluated([entry, "b.yaml"], variables(size=3)) == [
        {"template": "a.yaml", "when": True, "loop": ["{{ size }}", 1, None]},
        "b.yaml",
    ]
    with pytest.raises(ExpressionError, match="lookup"):
        expressions.evaluated([trust_as_template("{{ lookup('env', 'HOME') }}")], variables())


@pytest.mark.parametrize("value", ["{{ a }}", {"a": ["{% b %}"]}, {"{# c #}": 1}, {object(): 1}, {1, 2}])
def test_what_may_hold_a_template_or_is_no_data_is_not_taken_as_it_is(value):
    assert expressions.without_templates(value) is None


def test_data_is_taken_as_it_is():
    assert expressions.without_templates({"a": [1, "{"], "b": None}) == {"a": [1, "{"], "b": None}


def test_what_was_warmed_is_not_compiled_again(monkeypatch):
    text = "{{ 'warmed' ~ 1 }}"
    expressions.warm(text)
    monkeypatch.setattr(expressions, "_compile", lambda expression: 1 / 0)
    assert evaluate(text) == "warmed1"
