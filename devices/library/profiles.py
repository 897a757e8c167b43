"""The shipped profile library: one JSON file per profile, named after its code."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def library() -> dict[str, dict[str, Any]]:
    """Profiles by code; "sources" lists the standards their figures come from."""
    found = {}
    for file in files("devices.library").iterdir():
        code, _, kind = file.name.rpartition(".")
        if kind == "json":
            found[code] = json.loads(file.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))
