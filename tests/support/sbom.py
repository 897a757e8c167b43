"""Writes a software bill of materials, CycloneDX 1.6 in JSON, to standard output: ./run sbom > ganzhi.cdx.json.

Of each locked package: version, SHA-256 of its files, licence, what it needs, and whether the hub needs it (required),
its demo does (optional), or only its tests (excluded), all as on this machine. The same lock gives the same components.
"""

from importlib.metadata import distribution, version

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tests.support.locked import Package, closure, locked, needed

NAME = "ganzhi"


def bill(packages: list[Package]) -> Bom:
    """The bill of the hub with these packages."""
    requires = distribution(NAME).requires or []
    required, optional = (closure(needed(requires, extra), packages) for extra in ("", "demo"))
    root = Component(
        type=ComponentType.APPLICATION,
        name=NAME,
        version=version(NAME),
        bom_ref=NAME,
        licenses=[LicenseExpression("Apache-2.0")],
    )
    made = {package: _component(package, _scope(package.name, required, optional)) for package in packages}
    here = {package.name: component for package, component in made.items() if package.installed is not None}
    bom = Bom(components=made.values())
    bom.metadata.component = root
    bom.register_dependency(root, [here[name] for name in needed(requires) if name in here])
    for package, component in made.items():
        bom.register_dependency(component, [here[name] for name in sorted(package.needs & here.keys())])
    return bom


def _scope(name: str, required: set[str], optional: set[str]) -> ComponentScope:
    if name in required:
        return ComponentScope.REQUIRED
    return ComponentScope.OPTIONAL if name in optional else ComponentScope.EXCLUDED


def _component(package: Package, scope: ComponentScope) -> Component:
    url = PackageURL("pypi", name=package.name, version=package.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        bom_ref=str(url),
        purl=url,
        scope=scope,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=content) for content in package.hashes],
        licenses=[LicenseExpression(package.licence)] if package.licence else [],
    )


def text() -> str:
    """The bill as JSON."""
    return JsonV1Dot6(bill(locked())).output_as_string(indent=2)


if __name__ == "__main__":
    print(text())  # noqa: T201
