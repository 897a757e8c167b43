"""`hub devices diagnose`: does my device work?"""

import json
import os
import sys
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out
from hub.words import Lang, text

STYLES = {"fault": "bold red", "warning": "yellow", "info": "cyan", "ok": "green"}
MARKS = {"fault": "fault  ", "warning": "warning", "info": "info   ", "ok": "ok     "}
CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="The device's code, as in its topic.")]
LangOption = Annotated[str | None, typer.Option("--lang", help="en or zh; else as LANG says.")]


def diagnose(
    code: CodeArgument,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Does my device work? If not, why, and what to do next. Exit status 0 when it works, 1 when it does not.

    Example:  hub devices diagnose air-17
    """
    spoken = language(lang)
    answer = call("GET", f"/devices/{code}/diagnosis", url, token, accept=(404,), params={"lang": spoken})
    body = answer.json()
    if as_json:
        sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
    elif answer.status_code == 404:
        _tell_unregistered(body, spoken)
    else:
        _tell(body, spoken)
    raise typer.Exit(0 if answer.is_success and body["works"] else 1)


def language(given: str | None) -> Lang:
    """The requested language, otherwise that of the environment; ends the command when it is another one."""
    if given is not None and not given.lower().startswith(("en", "zh")):
        raise typer.BadParameter("is en or zh", param_hint="--lang")
    wanted = given or os.environ.get("LC_ALL") or os.environ.get("LANG") or "en"
    return "zh" if wanted.lower().startswith("zh") else "en"


def _tell(body: dict[str, Any], lang: Lang) -> None:
    out.print(Text(body["verdict"], style=STYLES[body["level"]]), soft_wrap=True)
    for finding in body["findings"]:
        mark = (f"  {MARKS[finding['level']]} ", STYLES[finding["level"]])
        out.print(Text.assemble(mark, finding["what"]), soft_wrap=True)
    troubles = {finding["code"] for finding in body["findings"] if finding["level"] in ("fault", "warning")}
    _tell_letters([each for each in body["refusals"] if f"refused_{each['reason']}" in troubles], lang)
    _tell_next(body["next"], lang)


def _tell_unregistered(body: dict[str, Any], lang: Lang) -> None:
    out.print(Text(str(body["detail"]), style=STYLES["fault"]), soft_wrap=True)
    _tell_letters(body.get("arrived", []), lang)
    _tell_next(body.get("next", []), lang)


def _tell_next(advice: list[str], lang: Lang) -> None:
    if advice:
        out.print(Text(f"\n{text('diagnose.next', lang)}", style="bold"))
    for number, each in enumerate(advice, 1):
        out.print(Text(f"  {number}. {each}"), soft_wrap=True)


def _tell_letters(letters: list[dict[str, Any]], lang: Lang) -> None:
    """Print the newest dead letter of each reason, with a caret under the fault."""
    shown: set[str] = set()
    for letter in letters:
        if letter["reason"] in shown:
            continue
        if not shown:
            out.print(Text(f"\n{text('diagnose.refused', lang)}", style="bold"))
        shown.add(letter["reason"])
        head = (f"  {letter['received_at'][:19].replace('T', ' ')}Z  ", "dim")
        out.print(Text.assemble(head, (letter["reason"], "yellow"), f"  {letter['topic']}"), soft_wrap=True)
        out.print(Text(indented(_excerpt(letter)), style="dim"), soft_wrap=True)


def _excerpt(letter: dict[str, Any]) -> str:
    for flaw in letter["flaws"]:
        if flaw.get("excerpt"):
            return str(flaw["excerpt"])
    payload = str(letter["payload"])
    return payload[:200] + (" ..." if len(payload) > 200 else "")


def indented(text: str, by: int = 6) -> str:
    """Indent each line."""
    return "\n".join(" " * by + line for line in text.splitlines())
