"""`hub alerts timeline`: what happened to an alert, told in order or saved as a document."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out
from app.cli.diagnose import LangOption, language
from hub.alerts.timeline import kind_told, said
from hub.words import Lang, text

DOCUMENT_S = 180.0
"""What making a document may take where the hub is busy."""


def timeline(
    alert: Annotated[str, typer.Argument(help="The alert's id.")],
    pdf: Annotated[Path | None, typer.Option(help="Save it as a document to this file instead.")] = None,
    zone: Annotated[str, typer.Option(help="Of the times in the document.")] = "Asia/Shanghai",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """All that happened to an alert in one order: changes, steps, comments, files, deliveries and receipts.

    Example:  hub alerts timeline 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e --pdf alert.pdf
    """
    spoken = language(lang)
    path, params = f"/alerts/{alert}/timeline", {"lang": spoken}
    if pdf is not None:
        save(f"{path}.pdf", pdf, params | {"zone": zone}, url, token)
        return
    found = call("GET", path, url, token, params=params).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    out.print(Text(found["alert"]["title"], "bold"), soft_wrap=True)
    for each in found["items"]:
        out.print(Text(_line(each, spoken)), soft_wrap=True)
    if found["cut"]:
        out.print(Text(text("timeline.cut", spoken), "dim"))


def save(path: str, file: Path, params: dict[str, Any], url: str, token: str | None) -> None:
    """Ask for a document and write it to a file; ends the command when it cannot be written."""
    made = call("GET", path, url, token, params=params, timeout=DOCUMENT_S).content
    try:
        file.write_bytes(made)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}; name another file")
    out.print(Text(str(file)))


def _line(each: dict[str, Any], lang: Lang) -> str:
    told = ": ".join(filter(None, (each["who"], *said(each, lang))))
    what = kind_told(each["what"], each["kind"], lang)
    return f"  {each['at'][:19].replace('T', ' ')}Z  {what}  {told}".rstrip()
