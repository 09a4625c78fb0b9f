import pytest
import yaml

from tests.control_plane import CHECKOUT
from tools import api_reference


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch):
    monkeypatch.chdir(CHECKOUT)


def test_the_page_of_the_api_is_the_one_that_the_crd_makes():
    assert api_reference.PAGE.read_text() == api_reference.page(), "make reference"


def undescribed(schema, path):
    if not schema.get("description"):
        yield path
    for name, below in (schema.get("properties") or {}).items():
        yield from undescribed(below, f"{path}.{name}")
    for key, mark in (("items", "[]"), ("additionalProperties", ".*")):
        values = schema.get(key)
        for name, below in (values.get("properties") or {}).items() if isinstance(values, dict) else ():
            yield from undescribed(below, f"{path}{mark}.{name}")


@pytest.mark.parametrize("section", ["spec", "status"])
def test_every_field_says_what_it_means(section):
    crd = yaml.safe_load(api_reference.CRD.read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][section]
    assert list(undescribed(schema, section)) == []
