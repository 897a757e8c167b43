"""Asks the package index for known vulnerabilities of the locked packages: ./run audit.

Uses the index that pip uses, where that tells `vulnerabilities` in its JSON metadata. Ends with 1 when one is known; an
index that is away, or tells none, is said to be so and is no failure: nothing was found out.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import httpx

from tests.support.locked import Package, locked

Ask = Callable[[Package], dict[str, Any] | None]
"""Metadata of a package; None where the index has none. Raises httpx.HTTPError."""


def findings(packages: Iterable[Package], ask: Ask) -> list[str] | None:
    """A line for each vulnerability that is known and not withdrawn; None where the index cannot tell."""
    found = []
    for package in packages:
        try:
            told = ask(package)
        except httpx.HTTPError:
            return None
        if told is None or "vulnerabilities" not in told:
            return None  # one that lacks them lacks them for all
        found += [
            f"{package.name} {package.version}: {each.get('id')} {each.get('summary') or each.get('details', '')[:100]}"
            f" (mended in {', '.join(each.get('fixed_in') or ['no version yet'])})"
            for each in told["vulnerabilities"]
            if not each.get("withdrawn")
        ]
    return found


def index() -> str:
    """The address of pip's index, without its /simple."""
    told = (
        os.environ.get("PIP_INDEX_URL")
        or subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
    )
    url = told or str(import_module("pip._internal.models.index").PyPI.simple_url)
    return url.rstrip("/").removesuffix("/simple")


def asking(client: httpx.Client, url: str) -> Ask:
    """Asks an index over HTTP."""

    def ask(package: Package) -> dict[str, Any] | None:
        answer = client.get(f"{url}/pypi/{package.name}/{package.version}/json")
        try:
            return dict(answer.json()) if answer.is_success else None
        except (json.JSONDecodeError, TypeError, ValueError):
            return None

    return ask


if __name__ == "__main__":
    with httpx.Client(timeout=10, follow_redirects=True) as opened:
        known = findings(locked(), asking(opened, index()))
    if known is None:
        print("vulnerabilities: not available: the package index is away, or tells none; nothing was checked")  # noqa: T201
    else:
        print(*(known or ["vulnerabilities: none is known of what is locked"]), sep="\n")  # noqa: T201
    sys.exit(bool(known))
