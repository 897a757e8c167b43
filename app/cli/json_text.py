"""JSON that somebody wrote by hand, for commands that send it on."""

import json
from typing import Any, NoReturn

from app.cli.client import fail


def json_of(text: str, name: str) -> Any:
    """What a text holds; one that is no JSON, or cannot be sent, ends the command in words that begin with `name`."""
    try:
        found = json.loads(text, parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate has no UTF-8
    except RecursionError:
        fail(f"{name} is not JSON that the hub takes: it is nested too deeply")
    except ValueError as error:
        fail(f"{name} is not JSON: {error}")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")
