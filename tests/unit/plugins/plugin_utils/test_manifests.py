"""How the files of a role become manifests."""

import pytest
from ansible.template import Templar

from ansible_collections.neurallog.tenant.plugins.plugin_utils import manifests

CONFIG_MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {size: "{{ size }}"}\n'


@pytest.fixture
def role(tmp_path):
    """A role's folder; call it to write files, and to render entries of ``manifests``."""

    def render(entries, files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text(text)
        sources = manifests.load(entries, lambda folder, name: str(tmp_path / folder / name))
        variables = {"size": "3"}
        return [each.manifest for each in manifests.render(sources, Templar(variables=variables), variables)]

    return render


def test_files_become_data_as_they_are_without_the_comment_at_their_beginning(role):
    text = "# Says hello.\n# Twice.\necho '{{ size }}'\n# really\necho $1\n"
    entry = {"template": "a.yaml", "files": ["hello.sh", "b.awk"]}
    (made,) = role([entry], {"templates/a.yaml": CONFIG_MAP, "files/hello.sh": text, "files/b.awk": "{print}\n"})
    assert made["data"] == {"size": "3", "hello.sh": "echo '{{ size }}'\n# really\necho $1\n", "b.awk": "{print}\n"}


def test_a_config_map_of_files_alone_needs_no_data(role):
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    entry = {"template": "a.yaml", "files": ["b.awk"]}
    (made,) = role([entry], {"templates/a.yaml": template, "files/b.awk": "{print}\n"})
    assert made["data"] == {"b.awk": "{print}\n"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"template": "a.yaml", "files": ["missing.sh"]}, "a.yaml: .*missing.sh"),
        (
            {"template": "service.yaml", "files": ["b.awk"]},
            "service.yaml: files are for a ConfigMap, not for a Service",
        ),
        ({"template": "a.yaml", "mode": "once"}, "mode of a.yaml must be one of apply, create, grow, keep"),
        ({"template": "a.yaml", "when": "yes"}, "when of a.yaml must be true or false"),
        ({"template": "a.yaml", "file": "b.awk"}, "needs template, and knows files, when, loop, mode and optional"),
        ("b.yaml", "b.yaml: a manifest needs apiVersion, kind and metadata"),
    ],
)
def test_an_entry_that_cannot_be_used_is_refused_by_name(role, entry, message):
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
    files = {"templates/a.yaml": CONFIG_MAP, "templates/service.yaml": service, "templates/b.yaml": "kind: A\n"}
    with pytest.raises(manifests.ManifestError, match=message):
        role([entry], {**files, "files/b.awk": "{print}\n"})


def test_a_loop_makes_an_object_for_each_item_and_a_false_when_none(role):
    template = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "a-{{ item }}"}\n'
    made = role(
        [{"template": "a.yaml", "loop": [1, 2]}, {"template": "a.yaml", "when": False}], {"templates/a.yaml": template}
    )
    assert [each["metadata"]["name"] for each in made] == ["a-1", "a-2"]


def test_a_mapping_whose_condition_is_false_is_left_out(role):
    template = (
        CONFIG_MAP + "extra:\n  - {$when: '{{ size == \"3\" }}', a: 1}\n  - {$when: false, b: 2}\nnone: '{{ none }}'\n"
    )
    (made,) = role(["a.yaml"], {"templates/a.yaml": template})
    assert made["extra"] == [{"a": 1}]
    assert "none" not in made


def test_a_condition_that_is_no_boolean_is_refused_with_its_place(role):
    template = CONFIG_MAP + "extra: {$when: '{{ size }}', a: 1}\n"
    with pytest.raises(manifests.ManifestError, match=r"a.yaml: extra: \$when must be true or false, not '3'"):
        role(["a.yaml"], {"templates/a.yaml": template})


def test_what_an_expression_gives_is_no_template(role):
    template = CONFIG_MAP.replace("{{ size }}", "{{ '{{' ~ ' size }}' }}")
    (made,) = role(["a.yaml"], {"templates/a.yaml": template})
    assert made["data"]["size"] == "{{ size }}"
