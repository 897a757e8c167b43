"""`hub devices command` and `commands`: tell a device to do something, and see what became of it."""

import json
import sys
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TIMEOUT_S, TokenOption, UrlOption, call, fail, out

CodeArgument = Annotated[str, typer.Argument(help="Its code.")]
_EXAMPLE = "write them like '{\"brightness\": 40}'"
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
DEFAULT_TIMEOUT_S = 10.0
"""That a device has to reply where neither the command line nor its profile says."""
AFTERWARDS_S = 2.0
"""Until the hub has noted that the time is over."""
MOST_WAIT_S = 60.0
"""That the hub lets one request wait."""


def command(
    code: CodeArgument,
    name: Annotated[str, typer.Argument(help="One of the commands of its profile.")],
    params: Annotated[str, typer.Argument(help="Its parameters as a JSON object.")] = "{}",
    wait: Annotated[
        float | None,
        typer.Option(min=0, max=60, help="Seconds to wait for the outcome; 0: do not; else until it must be known."),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=1, max=1_209_600, help="Seconds that it has to reply; over an hour through LoRaWAN only."),
    ] = None,
    key: Annotated[str | None, typer.Option(help="The same key again sends nothing: it tells of the first.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Tell a device to do something, and wait for its reply; exit status 0 when it did it.

    A network of LoRaWAN has it in its queue until the device listens: exit status 0 once it is there.
    Example:  hub devices command pole-001-lamp set_brightness '{"brightness": 40}'
    """
    first = wait if wait is not None else min((timeout or DEFAULT_TIMEOUT_S) + AFTERWARDS_S, MOST_WAIT_S)
    body = {"name": name, "params": _object(params)} | ({} if timeout is None else {"timeout_s": timeout})
    answer = call(
        "POST",
        f"/devices/{code}/commands",
        url,
        token,
        json=body,
        params={"wait_s": first},
        headers={"idempotency-key": key or str(uuid4())},
        timeout=TIMEOUT_S + first,
    )
    found = answer.json()
    if wait is None and not found["settled_at"] and not found.get("network"):
        found = _settled(found, first, url, token)
    if as_json:
        _print_json(found)
    else:
        out.print(_told(found), soft_wrap=True)
        if found["state"] == "timed_out":
            out.print(f"Is it online, and does it hear its topic? See: hub devices diagnose {code}", soft_wrap=True)
    good = ("replied", "queued", "sent") if found.get("network") else ("replied",)
    if found["state"] not in good and (first or found["settled_at"]):
        raise typer.Exit(1)


def commands(
    code: CodeArgument,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 20,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """What a device was told, newest first, and what became of it.

    Example:  hub devices commands pole-001-lamp
    """
    items = call("GET", f"/devices/{code}/commands", url, token, params={"limit": limit}).json()["items"]
    if as_json:
        _print_json(items)
        return
    table = Table("when", "command", "state", "outcome", "by")
    for item in items:
        what = f"{item['name']} {json.dumps(item['params'], ensure_ascii=False)}"
        state = _through(item) if item["network"] and item["state"] != "failed" else item["state"]
        table.add_row(item["created_at"][:19], Text(what), state, Text(_outcome(item)), Text(item["actor"]))
    out.print(table if items else Text(f"{code} was told nothing yet."))


def _settled(found: dict[str, Any], waited: float, url: str, token: str | None) -> dict[str, Any]:
    """Wait for the command's timeout, which its profile may extend; at most MOST_WAIT_S more."""
    made, ends = (datetime.fromisoformat(found[at]) for at in ("created_at", "expires_at"))
    left = min((ends - made).total_seconds() + AFTERWARDS_S - waited, MOST_WAIT_S)
    if left <= 0:
        return found
    path, timeout = f"/commands/{found['id']}", TIMEOUT_S + left
    later: dict[str, Any] = call("GET", path, url, token, params={"wait_s": left}, timeout=timeout).json()
    return later


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        fail(f"the parameters are no JSON at character {error.pos}: {error.msg}; {_EXAMPLE}")
    if not isinstance(value, dict):
        fail(f"the parameters are no JSON object; {_EXAMPLE}")
    return value


def _told(found: dict[str, Any]) -> Text:
    style = {"replied": "green", "failed": "red", "timed_out": "red"}.get(found["state"], "yellow")
    words = {
        "pending": "not confirmed by the broker yet",
        "sent": "sent; no reply yet",
        "replied": "done",
        "failed": "failed",
        "timed_out": "timed out",
    }
    text = Text(_through(found) if found.get("network") else words[found["state"]], style=style)
    if outcome := _outcome(found):
        text.append(f": {outcome}", style="default")
    return text.append(f"\n{found['id']}", style="dim")


def _through(found: dict[str, Any]) -> str:
    """The state of a command that goes through a network of LoRaWAN."""
    end = found["expires_at"][:16].replace("T", " ")
    network = found["network"]
    if found["state"] == "sent":
        last = "nothing more is told of it" if found["settled_at"] else f"acknowledged until {end}, or expired"
        return f"sent by {network}; {last}"
    return {
        "pending": f"not confirmed by the broker of {network} yet",
        "queued": f"queued at {network}: sent when the device listens, until {end}",
        "replied": "done",
        "failed": "failed",
        "timed_out": "expired",
    }[found["state"]]


def _outcome(found: dict[str, Any]) -> str:
    """The result or error of a command, and a late reply if there was one."""
    said = found["reply"] or {}
    shown = json.dumps(said.get("error", said.get("result")), ensure_ascii=False) if said else ""
    if found["late"]:
        return f"{found['error']}; replied later, at {found['replied_at'][:19]}: {shown}"
    return found["error"] or shown


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
