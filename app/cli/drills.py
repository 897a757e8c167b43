"""`hub drills` and `hub device-tests`: exercises (演练), and tests of devices (月检, 联动测试)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages
from app.cli.connection import Verbs
from app.cli.json_text import json_of

drills = Verbs("Exercise the whole way of alerts: a scenario that goes to chosen consumers, each text with its mark.")
device_tests = Verbs("Test devices: what they raise meanwhile is their proof, and pages nobody.")
IdArgument = Annotated[str, typer.Argument(help="Its id, as `list` shows it.")]
StateOption = Annotated[str | None, typer.Option("--state", help="coming, running, ending or over.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
ConsumerOption = Annotated[list[str] | None, typer.Option("--consumer", help="Who is told; repeatable.")]
MinutesOption = Annotated[int, typer.Option(min=1, max=1440, help="For how long.")]
CsvOption = Annotated[Path | None, typer.Option("--csv", help="Write how consumers answered into this file.")]
_STYLES = {"running": "bold yellow", "ending": "yellow", "coming": "", "over": "dim"}


@drills.verb("start")
def start_drill(
    scenario: Annotated[
        Path, typer.Argument(help="A JSON file: a list of alerts with title, level, region or device, and delay_s.")
    ],
    name: Annotated[str, typer.Option(help="What the exercise is called.")] = "exercise",
    consumer: ConsumerOption = None,
    minutes: MinutesOption = 60,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Start an exercise now; when it is over its alerts are closed.

    Example:  hub drills start fire.json --name "autumn exercise" --consumer exercise-desk --minutes 60

    fire.json:  [{"title": "Fire on the third floor", "level": "red", "region": "330106001002", "event_kind": "fire"}]
    """
    try:
        written = scenario.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        fail(f"{scenario} cannot be read: {error}. See  hub drills start -h")
    alerts = json_of(written, str(scenario))
    ends_at = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    body = {"name": name, "consumers": consumer or [], "ends_at": ends_at, "alerts": alerts}
    _tell(call("POST", "/drills", url, token, json=body).json())


@drills.verb("list")
def list_drills(
    state: StateOption = None, as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """List exercises, the newest first.

    Example:  hub drills list --state running
    """
    _list("/drills", state, as_json, url, token, "hub drills start -h")


@drills.verb("show")
def show_drill(
    id_: IdArgument,
    csv: CsvOption = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """How each consumer answered to each alert, and who acknowledged it.

    Example:  hub drills show 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e --csv autumn.csv
    """
    _show("/drills", id_, csv, as_json, url, token)


@drills.verb("end")
def end_drill(id_: IdArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """End an exercise now: within a second or two its alerts are closed.

    Example:  hub drills end 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e
    """
    _tell(call("POST", f"/drills/{id_}:end", url, token).json())


@device_tests.verb("start")
def start_test(
    reason: Annotated[str, typer.Argument(help="Why; whoever sees the test reads it.")],
    device: Annotated[list[str], typer.Option("--device", help="A device to test; repeatable, up to 1000.")],
    consumer: ConsumerOption = None,
    minutes: MinutesOption = 60,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Put devices in test mode; press the button, then look with `show`. What lasts at the end is told as real.

    Example:  hub device-tests start "monthly test" --device pole-7 --device pole-8 --minutes 30
    """
    until = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    body = {"devices": device, "reason": reason, "until": until, "consumers": consumer or []}
    _tell(call("POST", "/device-tests", url, token, json=body).json())


@device_tests.verb("list")
def list_tests(
    state: StateOption = None, as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """List tests of devices, the newest first.

    Example:  hub device-tests list --state running
    """
    _list("/device-tests", state, as_json, url, token, "hub device-tests start -h")


@device_tests.verb("show")
def show_test(
    id_: IdArgument,
    csv: CsvOption = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """What each device proved, how late the hub knew, and which consumers answered.

    Example:  hub device-tests show 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e
    """
    if csv is not None:
        return _show("/device-tests", id_, csv, as_json, url, token)
    found = call("GET", f"/device-tests/{id_}", url, token).json()
    if as_json:
        return typer.echo(json.dumps(found, ensure_ascii=False))
    _tell(found)
    table = Table("device", "result", "what", "when, UTC", "delay", "answered", "not answered")
    for each in found["devices"]:
        if not each["proofs"]:
            table.add_row(*map(Text, (each["device"], each["result"], "", "", "", "", "")))
        for proof in each["proofs"]:
            what = proof["event_kind"] or proof["metric"] or ""
            result = "passed, told as real" if proof["real_at"] else each["result"]
            delay, at = f"{proof['delay_s']:.1f} s", proof["at"][:19].replace("T", " ")
            answers = (", ".join(proof[name]) for name in ("answered", "unanswered"))
            table.add_row(*map(Text, (each["device"], result, what, at, delay, *answers)))
    return out.print(table)


@device_tests.verb("end")
def end_test(id_: IdArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """End a test now: within a second or two what still lasts is told as real.

    Example:  hub device-tests end 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e
    """
    _tell(call("POST", f"/device-tests/{id_}:end", url, token).json())


@device_tests.verb("overdue")
def overdue(
    profile: Annotated[str | None, typer.Option(help="Only of this profile.")] = None,
    region: Annotated[str | None, typer.Option(help="Only in this division: the first digits of its code.")] = None,
    counts: Annotated[bool, typer.Option("--counts", help="How many, by profile.")] = False,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Devices that were not tested within `test_every_days` of their profile, the longest overdue first.

    Example:  hub device-tests overdue --region 330106
    """
    if counts:
        names = ("profile", "test_every_days", "devices", "overdue", "never")
        items = call("GET", "/device-tests/overdue/counts", url, token).json()["items"]
    else:
        names = ("device", "device_name", "profile", "last_at", "due_at")
        items = pages("/device-tests/overdue", url, token, {"profile": profile, "region": region})
    if as_json:
        for item in items:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    table = Table(*names)
    for item in items:
        table.add_row(*(Text("never" if item[name] is None else str(item[name])[:19]) for name in names))
    out.print(table if items else "None is overdue. Profiles say how often:  test_every_days")


def _list(path: str, state: str | None, as_json: bool, url: str, token: str | None, hint: str) -> None:
    items = pages(path, url, token, {"state": state})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
        else:
            _tell(item)
    if not items and not as_json:
        out.print(f"There is none.  {hint}")


def _show(path: str, id_: str, csv: Path | None, as_json: bool, url: str, token: str | None) -> None:
    if csv is not None:
        answered = call("GET", f"{path}/{id_}/result", url, token, params={"format": "csv"})
        try:
            csv.write_bytes(answered.content)
        except OSError as error:
            fail(f"{csv} cannot be written: {error.strerror}")
        out.print(Text(f"{csv} is written"))
        return
    found, result = (call("GET", f"{path}/{id_}{part}", url, token).json() for part in ("", "/result"))
    if as_json:
        typer.echo(json.dumps({**found, "result": result}, ensure_ascii=False))
        return
    _tell(found)
    table = Table("alert", "consumer", "sent, UTC", "state", "accepted", "acknowledged")
    for each in result:
        title, consumer, by = each["title"] or each["alert"], each["consumer"] or "", each["acknowledged_by"]
        taken = f"{_seconds(each['acknowledged_s'])} by {by}" if by else ""
        cells = (title, consumer, each["sent_at"][11:19], each["state"], _seconds(each["accepted_s"]), taken)
        table.add_row(*map(Text, cells))
    out.print(table)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _tell(found: dict[str, Any]) -> None:
    state = Text(f"{found['state']:8}", _STYLES[found["state"]])
    until = f"{found['begins_at'][:16]} to {found['ends_at'][:16]} UTC"
    done = f"{found['done']} of {found['size']}"
    told = ", ".join(found["consumers"]) or "nobody"
    out.print(Text.assemble(state, f" {found['name']}; {until}; {done}; told: {told}"), soft_wrap=True)
    by = (f" by {found['made_by']}" if found["made_by"] else "") + (
        f", ended by {found['ended_by']}" if found["ended_by"] else ""
    )
    out.print(Text(f"         {found['id']}{by}", "dim"), soft_wrap=True)
