"""The library of profiles that the hub is shipped with: one JSON file each, named by its code."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def library() -> dict[str, dict[str, Any]]:
    """The profiles by code, in order; "sources" of each are the standards that its figures follow."""
    found = {}
    for file in files("devices.library").iterdir():
        code, _, kind = file.name.rpartition(".")
        if kind == "json":
            found[code] = json.loads(file.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))
