"""The packages of requirements.lock, and what is known of those that are installed: licence, and who needs them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[2] / "requirements.lock"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
REVIEWED: Mapping[str, str] = {
    "atheris": "Apache-2.0",  # names none; its repository has the text
    "matplotlib": "PSF-2.0",
    "numba": "BSD-2-Clause",  # says BSD; its LICENSE is the text of two clauses
    "pathspec": "MPL-2.0",
}
"""Licences of packages whose metadata names none that can be read, as somebody read them there."""
_SPDX: Mapping[str, str] = {
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "gnu general public license v3 (gplv3)": "GPL-3.0-only",
    "gnu affero general public license v3": "AGPL-3.0-only",
}
"""SPDX identifiers by what older metadata says."""


@dataclass(frozen=True)
class Package:
    """One version of a package that is locked; `hashes` are the SHA-256 of all its files.

    Some are locked in two versions, for older and newer versions of Python.
    """

    name: str
    version: str
    hashes: tuple[str, ...]

    @cached_property
    def installed(self) -> Distribution | None:
        """None where it is locked for other machines or versions of Python."""
        try:
            found = distribution(self.name)
        except PackageNotFoundError:
            return None
        return found if found.version == self.version else None

    @cached_property
    def licence(self) -> str | None:
        """Its licence as an SPDX expression; None where it is not installed, or names none that can be read."""
        return REVIEWED.get(self.name) or (None if self.installed is None else licence_of(self.installed))

    @cached_property
    def needs(self) -> frozenset[str]:
        """Names of what it needs on this machine, without extras."""
        return frozenset() if self.installed is None else frozenset(needed(self.installed.requires or ()))


def locked(text: str | None = None) -> list[Package]:
    """The packages of a lock, by default the hub's."""
    text = LOCK.read_text(encoding="utf-8") if text is None else text
    pins = [*_PIN.finditer(text)]
    ends = [*(pin.start() for pin in pins[1:]), len(text)]
    return [
        Package(canonicalize_name(pin["name"]), pin["version"], tuple(_HASH.findall(text, pin.end(), end)))
        for pin, end in zip(pins, ends, strict=True)
    ]


def licence_of(installed: Distribution) -> str | None:
    """What its metadata says, newest form first."""
    told = installed.metadata
    if "License-Expression" in told:
        return told["License-Expression"]
    named = [each.rpartition(" :: ")[2] for each in told.get_all("Classifier") or () if each.startswith("License ::")]
    short = told["License"].strip() if "License" in told else ""
    for text in [short] if short and "\n" not in short and len(short) < 60 else []:
        if (known := _SPDX.get(text.lower(), text)) and re.fullmatch(r"[\w.+-]+( (AND|OR|WITH) [\w.+-]+)*", known):
            return known
    return next((_SPDX[each.lower()] for each in named if each.lower() in _SPDX), None)


def needed(requirements: Iterable[str], extra: str = "") -> Iterator[str]:
    """Names of the requirements that apply on this machine."""
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield canonicalize_name(requirement.name)


def closure(names: Iterable[str], packages: Iterable[Package]) -> set[str]:
    """These and all that they need on this machine."""
    needs = {package.name: package.needs for package in packages if package.installed is not None}
    found, waiting = set[str](), [*names]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += needs.get(name, ())
    return found
