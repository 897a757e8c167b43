"""Secrets of the settings that stand in files: `<name>_file` beside each, for Docker's, Kubernetes' and systemd's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

ENDING = "_file"
BYTES = 64 << 10
"""Of a file at most: it is named by mistake otherwise."""


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting may stand in a file: a secret, or an address that may hold one, which is not in the repr."""
    return not field.repr or _holds_secret(field.annotation)


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


def read_files(fields: Mapping[str, FieldInfo], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a section with those of the files that it names. ValueError shows no content."""
    values = dict(given)
    for name, field in fields.items():
        file = name + ENDING
        if file not in values or not is_secret(field) or file in fields:
            continue
        if name in values:
            raise ValueError(f"{name} and {file} are both set: leave one out")
        values[name] = _content(file, Path(str(values.pop(file))))
    return values


def _content(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(BYTES + 1)
        if len(content) > BYTES:
            raise ValueError(f"{name} {path}: is larger than {BYTES} bytes: it is no secret")
        return content.decode().strip("\r\n")
    except OSError as error:
        raise ValueError(f"{name} {path}: {error.strerror}: name a file that this user may read") from None
    except UnicodeDecodeError:
        raise ValueError(f"{name} {path}: is not UTF-8") from None
