"""Expressions in templates of manifests. Each is compiled once, by Jinja itself, and sees plain data.

Ansible's own way evaluates whatever a value may hold, at each access. The collection's expressions need it for the
variables of the task alone, which a user may have set to templates.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.loader import filter_loader
from ansible.template import Templar, is_trusted_as_template
from jinja2 import Environment, StrictUndefined, TemplateError, Undefined, meta, nodes
from jinja2.environment import TemplateExpression

_TEMPLATE = re.compile(r"\{[{%#]")


class ExpressionError(Exception):
    """An expression cannot be compiled or evaluated."""


class Variables:
    """The variables of a task as plain data, each evaluated by Ansible when it is asked for first.

    Args:
        templar: what evaluates templates, with the variables.
    """

    def __init__(self, templar: Templar):
        self._templar = templar
        self._known: dict[str, Any] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._known or name in self._templar.available_variables

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = self._evaluated(self._templar.available_variables[name])
        return self._known[name]

    def with_item(self, item: Any) -> Variables:
        """Return the same variables and one more, the item of a loop."""
        more = Variables(self._templar)
        more._known = {**self._known, "item": item}
        return more

    def _evaluated(self, value: Any) -> Any:
        data = without_templates(value)
        return plain(self._templar.template(value)) if data is None else data


def without_templates(value: Any) -> Any:
    """Return a value in which there is no template as plain data; None where there may be one, or it is no data."""
    try:
        text = json.dumps(value)
    except TypeError:  # something other than data, such as a vault value
        return None
    return None if _TEMPLATE.search(text) else json.loads(text)


def plain(value: Any) -> Any:
    """Return the value in Python's own types. ansible-core tags strings and has lazy containers."""
    return json.loads(json.dumps(value))


@dataclass(frozen=True)
class _Expression:
    evaluate: Callable[..., Any]
    names: frozenset[str]

    def __call__(self, variables: Variables) -> Any:
        value = self.evaluate({name: variables[name] for name in self.names if name in variables})
        if isinstance(value, Undefined):
            str(value)  # which raises what is missing
        return list(value) if isinstance(value, Iterator) else value


def is_template(text: str) -> bool:
    """Return whether a text has expressions, or means to."""
    return "{{" in text or "{%" in text


def evaluate(text: str, variables: Variables) -> Any:
    """Return what a text with expressions says: the value itself where it is one expression, else a string.

    Args:
        text: the text.
        variables: what its expressions know.

    Raises:
        ExpressionError: an expression is wrong, or one of its filters fails.
    """
    try:
        parts = _parts(text)
        values = [part if isinstance(part, str) else part(variables) for part in parts]
        return values[0] if len(parts) == 1 else "".join(map(str, values))
    except (TemplateError, AnsibleError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise ExpressionError(str(error)) from None


def evaluated(value: Any, variables: Variables) -> Any:
    """Return a value of a playbook with what its texts say. One that Ansible does not trust has no expressions.

    Args:
        value: the value.
        variables: what expressions know.

    Raises:
        ExpressionError: one is wrong, or needs more than filters.
    """
    if isinstance(value, dict):
        return {str(key): evaluated(below, variables) for key, below in value.items()}
    if isinstance(value, list):
        return [evaluated(below, variables) for below in value]
    if isinstance(value, str) and is_template(value) and is_trusted_as_template(value):
        return evaluate(str(value), variables)
    return value


def warm(text: str) -> None:
    """Compile the expressions of a text, for the forks of this process."""
    _parts(text)


@functools.cache
def _parts(text: str) -> tuple[str | _Expression, ...]:
    """Return the pieces of a text: what stands between expressions, and these.

    Raises:
        TemplateError: it is no text with expressions.
    """
    pieces: list[nodes.Expr] = []
    for output in _ENVIRONMENT.parse(text).body:
        if not isinstance(output, nodes.Output):
            raise TemplateError("a value has expressions, and no statements")
        pieces += output.nodes
    return tuple(piece.data if isinstance(piece, nodes.TemplateData) else _compile(piece) for piece in pieces)


def _compile(expression: nodes.Expr) -> _Expression:
    """Return a parsed expression as a function, as Environment.compile_expression makes one of its source."""
    tree = nodes.Template([nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)], lineno=1)
    for node in tree.find_all(nodes.Filter):
        if node.name not in _ENVIRONMENT.filters:
            _ENVIRONMENT.filters[node.name] = _filter(node.name)
    tree.set_environment(_ENVIRONMENT)
    names = meta.find_undeclared_variables(tree)
    compiled = TemplateExpression(_ENVIRONMENT.from_string(tree), undefined_to_none=False)
    return _Expression(compiled, frozenset(names))


def _filter(name: str) -> Callable[..., Any]:
    """Return a filter as Ansible finds it."""
    found = filter_loader.get(name)
    if found is None:
        raise ExpressionError(f"there is no filter {name}")
    function: Callable[..., Any] = found.j2_function
    return function


_ENVIRONMENT = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - it makes YAML's values, no HTML
