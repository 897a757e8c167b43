"""Figures over a period as a command gives them out: as CSV into a file, as JSON, or for the command to tell."""

import json
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from app.cli.client import call, fail, out


def figures(
    path: str, given: dict[str, str | None], csv: Path | None, as_json: bool, url: str, token: str | None
) -> dict[str, Any] | None:
    """Ask with what is given; None: they are written or printed. Ends the command when the file cannot be written."""
    params = {**given, "format": "csv" if csv else None}
    answer = call("GET", path, url, token, params={name: value for name, value in params.items() if value is not None})
    if csv is not None:
        try:
            csv.write_bytes(answer.content)
        except OSError as error:
            fail(f"{csv} cannot be written: {error.strerror}; name another file")
        out.print(Text(f"{csv} is written."), soft_wrap=True)
        return None
    found: dict[str, Any] = answer.json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return None
    return found
