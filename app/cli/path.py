"""`hub path`: whether readings get through to a channel."""

import json
from typing import Annotated

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out


def show_path(
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Whether readings get through: how far the newest of the hub's own rounds came, link by link.

    Ends with 1 while the path is broken.

    Example:  hub path
    """
    found = call("GET", "/path", url, token).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        for each in found["links"]:
            out.print(
                Text(f"{each['link']:10} {each['at'] or '-':34} {'' if each['ms'] is None else each['ms']:>6} ms")
            )
        out.print(_verdict(found), soft_wrap=True)
        if found["call_error"]:
            out.print(Text(f"The dead-man outside does not answer: {found['call_error']}", "yellow"), soft_wrap=True)
    raise typer.Exit(1 if found["broken_at"] else 0)


def _verdict(found: dict[str, object]) -> Text:
    if not found["watched"]:
        return Text("It is not watched: path_watch.enabled is false.", "yellow")
    if found["broken_at"]:
        return Text(f"Broken since {found['broken_at']}, behind '{found['reached']}'.", "red")
    if found["complete_at"] is None:
        return Text("No round has been complete yet.", "yellow")
    return Text(f"Whole: the last round was complete at {found['complete_at']}, after {found['took_ms']} ms.", "green")
