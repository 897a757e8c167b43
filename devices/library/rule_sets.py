"""The shipped rule sets: one JSON file for a profile of the library, with the standards that its figures follow."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def rule_sets() -> dict[str, dict[str, Any]]:
    """By code of the profile: `about`, and `rules` with `code`, `name`, `name_en`, `source` and what a rule has."""
    found = {}
    for file in files("devices.library").joinpath("rules").iterdir():
        code, _, kind = file.name.rpartition(".")
        if kind == "json":
            found[code] = json.loads(file.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))
