"""What a public function says of itself."""

import ast

import pytest

from tests.control_plane import CHECKOUT

FOLDERS = ("src/tenant_operator", "plugins/module_utils", "plugins/plugin_utils", "devcluster")
FILES = [path for folder in FOLDERS for path in sorted((CHECKOUT / folder).rglob("*.py"))]


def public_functions(body):
    """Yield the public functions of a module or class; of a Protocol, its classes say it."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            if not any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases):
                yield from public_functions(node.body)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def parameters(function):
    arguments = function.args
    named = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return [name for name in named if name not in {"self", "cls"}]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_a_function_of_two_parameters_or_more_describes_each(path):
    for function in public_functions(ast.parse(path.read_text()).body):
        names = parameters(function)
        if len(names) < 2:
            continue
        said = ast.get_docstring(function) or ""
        assert "Args:" in said, f"{path.name}: {function.name}"
        described = said.partition("Args:")[2]
        assert [name for name in names if f"{name}:" not in described] == [], f"{path.name}: {function.name}"
