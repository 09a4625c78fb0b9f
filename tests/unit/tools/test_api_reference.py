import pytest
import yaml

from tests.control_plane import CHECKOUT
from tools import api_reference


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch):
    monkeypatch.chdir(CHECKOUT)


def test_the_page_of_the_api_is_the_one_that_the_crd_makes():
    assert api_reference.PAGE.read_text() == api_reference.page(), "make api-reference"


def undescribed(schema, path):
    if not schema.get("description"):
        yield path
    for name, below in (schema.get("properties") or {}).items():
        yield from undescribed(below, f"{path}.{name}")
    for name, below in (schema.get("items", {}).get("properties") or {}).items():
        yield from undescribed(below, f"{path}[].{name}")


def test_every_field_of_the_spec_says_what_it_means():
    crd = yaml.safe_load(api_reference.CRD.read_text())
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert list(undescribed(spec, "spec")) == []
