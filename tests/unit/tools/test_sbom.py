import json

from tools import sbom

LISTING = "bash\t5.2.15-2+b2\tamd64\nlibc6\t2:2.36-9\tamd64\n"


def test_a_collection_is_listed_with_its_version(tmp_path):
    folder = tmp_path / "ansible_collections/kubernetes/core"
    folder.mkdir(parents=True)
    info = {"namespace": "kubernetes", "name": "core", "version": "6.2.0"}
    (folder / "MANIFEST.json").write_text(json.dumps({"collection_info": info}))
    (tmp_path / "ansible_collections/neurallog/tenant").mkdir(parents=True)
    (purl,) = sbom.collections(tmp_path)
    assert sbom.component(purl) == {
        "bom-ref": "pkg:generic/ansible-galaxy/kubernetes.core@6.2.0",
        "name": "kubernetes.core",
        "purl": "pkg:generic/ansible-galaxy/kubernetes.core@6.2.0",
        "type": "library",
        "version": "6.2.0",
    }


def test_a_package_of_debian_is_listed_as_scanners_look_for_it():
    bash, libc = sbom.debian_packages(LISTING, "debian-12")
    assert bash.to_string() == "pkg:deb/debian/bash@5.2.15-2%2Bb2?arch=amd64&distro=debian-12"
    assert (libc.name, libc.version) == ("libc6", "2:2.36-9")


def test_what_is_found_is_added_to_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sbom, "base", lambda: list(sbom.debian_packages(LISTING, "debian-12")))
    path = tmp_path / "sbom.json"
    path.write_text(json.dumps({"bomFormat": "CycloneDX", "components": [{"name": "pyyaml"}]}))
    sbom.main(path, tmp_path)
    assert [each["name"] for each in json.loads(path.read_text())["components"]] == ["pyyaml", "bash", "libc6"]
