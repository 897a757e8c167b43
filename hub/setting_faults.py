"""What is wrong with settings, in a sentence with the line or the variable where it is. No value is shown."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from hub.environment import PREFIX, meant
from hub.secret_files import ENDING, is_secret
from hub.setting_types import Section


def keys_of(settings: type[BaseModel]) -> list[str]:
    """All settings as they are written with dots, sections too."""
    return [key for name, field in settings.model_fields.items() for key in _keys_below(name, field.annotation)]


def _keys_below(name: str, annotation: Any) -> Iterator[str]:
    """Of a setting, and of its own where it is a section."""
    yield name
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, Section):
            for key, field in part.model_fields.items():
                yield from _keys_below(f"{name}.{key}", field.annotation)
                if is_secret(field):
                    yield f"{name}.{key}{ENDING}"


def variable(key: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + key.replace(".", "__").upper()


def unreadable(settings: type[BaseModel], told: str) -> str:
    """A sentence for a variable that should be JSON and is not; `told` names the field."""
    section = next((name for name in settings.model_fields if f'"{name}"' in told), "")
    whole = [name for name in os.environ if name.upper() == variable(section)]
    if whole:
        return f"environment variable {whole[0]}: {_not_a_section(settings, section)}"
    lists = [name for name in sorted(os.environ) if name.upper().startswith(variable(section) + "__")]
    return f'environment variable {", ".join(lists)}: write a list as JSON, for example ["worker", "api"]'


def _not_a_section(settings: type[BaseModel], section: str) -> str:
    some = [variable(key) for key in keys_of(settings) if key.startswith(f"{section}.")][:2]
    return f"is no single setting: set those of its section, {' and '.join(some)} for example"


def explain(settings: type[BaseModel], path: Path | None, text: str, item: Any) -> str:
    """A sentence for one of pydantic's errors, with the line of the file or the variable where it is."""
    keys = [str(key) for key in item["loc"]]
    name = ".".join(keys) or "the settings"
    own = [variable(".".join(keys[:count])) for count in range(len(keys), 0, -1)]
    found = next((each for each in os.environ if each.upper() in own), None)
    line = _line_of(text, keys)
    if found is not None and (found.upper() == own[0] or line is None):
        where = f"environment variable {found}"
    elif line is not None:
        where = f"{path}, line {line}"
    else:
        where = str(path) if path else "environment"
    problem = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        problem = "is not a setting" + meant(name, keys_of(settings))
    elif item["type"] == "model_type":
        problem = _not_a_section(settings, name)
    return f"{where}: {name}: {problem}"


def _line_of(text: str, keys: list[str]) -> int | None:
    """Line number (1-based) of a key in TOML text, or of its table if the key is absent."""
    table: list[str] = []
    found = None
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = [part.strip().strip("\"'") for part in header[1].split(".")]
            if table == keys[: len(table)]:
                found = number
        elif pair := re.match(r"\s*([\w.\-\"']+)\s*=", line):
            full = table + [part.strip("\"'") for part in pair[1].split(".")]
            if full == keys[: len(full)]:
                return number
    return found
