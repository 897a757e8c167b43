"""`hub alerts`: what is unusual now, and what the desk does about it."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.alert_evidence import saving
from app.cli.alert_handling import arrive, causes, check, close_out, feedback, transfer
from app.cli.alert_timeline import timeline
from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out
from app.cli.connection import Verbs
from app.cli.diagnose import LangOption, language
from hub.alerts.desk_steps import details_told

alerts = Verbs("What is unusual now; acknowledge it, and follow a case to its end.")
IdArgument = Annotated[str, typer.Argument(help="The alert's id.")]
NoteOption = Annotated[str | None, typer.Option(help="Kept with the step.")]
ActorOption = Annotated[str | None, typer.Option(help="Who takes the step, as a desk or a post.")]
alerts.verb("timeline")(timeline)
for _verb in (check, transfer, arrive, feedback, causes):
    alerts.verb(_verb.__name__)(_verb)
alerts.verb("close-out")(close_out)
COLOURS = {"blue": "blue", "yellow": "yellow", "orange": "dark_orange", "red": "bold red"}


@alerts.verb("list")
def list_alerts(
    active: Annotated[bool, typer.Option("--active", help="Only those that last and that nobody has ended.")] = False,
    state: Annotated[list[str] | None, typer.Option(help="Only in this state; repeatable.")] = None,
    min_level: Annotated[str | None, typer.Option("--min-level", help="This level and above.")] = None,
    device: Annotated[str | None, typer.Option(help="Only of this device.")] = None,
    region: Annotated[str | None, typer.Option(help="Only in this division: the first digits of its code.")] = None,
    drills: Annotated[bool, typer.Option("--drills", help="Those of drills, instead of the real ones.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """List alerts, the newest first.

    Example:  hub alerts list --active --min-level orange
    """
    given = {"state": state, "min_level": min_level, "device": device, "region": region, "limit": limit}
    params = {name: value for name, value in given.items() if value is not None} | {"active": active}
    params |= {"drill": "true"} if drills else {}
    page = call("GET", "/alerts", url, token, params=params | {"lang": _spoken(lang, as_json)}).json()
    if as_json:
        for item in page["items"]:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    for item in page["items"]:
        level = Text(f"{item['level']:8}", COLOURS[item["level"]])
        rest = f"{item['state']:13}{_time(item['raised_at'])}  {item['title']}"
        out.print(Text.assemble(level, rest), soft_wrap=True)
        out.print(Text(f"        {item['id']}", "dim"), soft_wrap=True)
    narrowed = active or drills or any((state, min_level, device, region))
    if not page["items"]:
        out.print("There is no such alert." if narrowed else "There is no alert yet.")
    if page["next"]:
        out.print("There are more: narrow the search, or give a larger --limit.")


@alerts.verb("show")
def show_alert(
    alert: IdArgument,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """One alert: what happened to it, who was told, and what may come next.

    Example:  hub alerts show 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e
    """
    found = call("GET", f"/alerts/{alert}", url, token, params={"lang": _spoken(lang, as_json)}).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    _tell(found)
    # Who may not see pictures is told of none.
    seen = call("GET", f"/alerts/{alert}/pictures", url, token, accept=(403, 404))
    for line in saving(seen.json() if seen.is_success else []):
        out.print(Text(f"  {line}"), soft_wrap=True)


@alerts.verb("who")
def who(
    alert: Annotated[str | None, typer.Argument(help="The alert's id; without one, say what it is like.")] = None,
    level: Annotated[str, typer.Option(help="blue, yellow, orange or red.")] = "red",
    organisation: Annotated[str | None, typer.Option(help="Whose device it is.")] = None,
    region: Annotated[str | None, typer.Option(help="12 digits of a division.")] = None,
    lon: Annotated[float | None, typer.Option(help="WGS 84; with --lat.")] = None,
    lat: Annotated[float | None, typer.Option()] = None,
    category: Annotated[str | None, typer.Option(help="Of the device's profile.")] = None,
    event_kind: Annotated[str | None, typer.Option("--event-kind", help="Such as fire.")] = None,
    at: Annotated[str | None, typer.Option(help="RFC 3339, with a zone; else now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Tell who would get an alert, and why not the others. Nothing is sent.

    Example:  hub alerts who 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e

    Example:  hub alerts who --level red --region 330110005001 --event-kind fire --at 2026-03-01T23:30:00+08:00
    """
    given = {"level": level, "organisation": organisation, "region": region, "lon": lon, "lat": lat}
    given |= {"category": category, "event_kind": event_kind}
    place = {name: value for name, value in given.items() if value is not None}
    body: dict[str, Any] = {"alert": alert} if alert is not None else {"place": place}
    body |= {} if at is None else {"at": at}
    params = {"lang": _spoken(lang, as_json)}
    items = call("POST", "/routing:try", url, token, params=params, json=body).json()["items"]
    if as_json:
        for item in items:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    table = Table("consumer", "gets it", "why")
    for item in items:
        gets = Text("yes", "green") if item["gets"] else Text("no", "dim")
        gets = Text("later", "yellow") if item["kept_back"] else gets
        table.add_row(item["consumer"], gets, Text("\n".join(item["reasons"])))
    out.print(table if items else "There is no consumer yet:  hub consumers put -h")


@alerts.verb("ack")
def acknowledge(
    alert: IdArgument,
    note: NoteOption = None,
    actor: ActorOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Acknowledge an alert: the desk has it.

    Example:  hub alerts ack 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e --note "crew on its way"
    """
    _step(alert, "acknowledged", note, actor, url, token)


@alerts.verb("close")
def close(
    alert: IdArgument,
    note: NoteOption = None,
    actor: ActorOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Close the case of an alert that was acknowledged, or whose condition is over.

    Example:  hub alerts close 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e --note "pumped out"
    """
    _step(alert, "closed", note, actor, url, token)


@alerts.verb("step")
def step(
    alert: IdArgument,
    to: Annotated[
        str, typer.Argument(help="acknowledged, dispatched, handled, verified, closed, false_alarm or reopened.")
    ],
    note: NoteOption = None,
    actor: ActorOption = None,
    cause: Annotated[str | None, typer.Option(help="Why it was false, such as cooking or equipment_fault.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Take the case of an alert a step further; `hub alerts show` tells which steps there are.

    Example:  hub alerts step 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e dispatched --actor "desk 2"
    """
    _step(alert, to, note, actor, url, token, cause)


@alerts.verb("report")
def report(
    title: Annotated[str, typer.Argument(help="What was told.")],
    level: Annotated[str, typer.Option(help="blue, yellow, orange or red.")],
    device: Annotated[str | None, typer.Option(help="Code of the device it is about.")] = None,
    region: Annotated[str | None, typer.Option(help="Division in which it is, 12 digits; without a device.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Whose matter it is; without a device.")] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of event, such as smoke.")] = None,
    note: NoteOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Report what no sensor has seen, such as a phone call; it is told to whom it concerns as any alert.

    Example:  hub alerts report "Smoke at the market" --level orange --region 330106001002
    """
    given = {"device": device, "region": region, "organisation": organisation, "event_kind": kind, "note": note}
    body = {name: value for name, value in given.items() if value is not None} | {"title": title, "level": level}
    _tell(call("POST", "/alerts", url, token, json=body).json())


@alerts.verb("comment")
def comment(
    alert: IdArgument,
    note: Annotated[str, typer.Argument(help="The remark.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Write a remark into the history of an alert.

    Example:  hub alerts comment 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e "fire brigade is on its way"
    """
    _tell(call("POST", f"/alerts/{alert}/comments", url, token, json={"note": note}).json())


@alerts.verb("assign")
def assign(
    alert: IdArgument,
    name: Annotated[str | None, typer.Argument(help="Account that is to see to it; left out: nobody any more.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Say who is to see to an alert.

    Example:  hub alerts assign 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e wang.fang
    """
    _tell(call("PUT", f"/alerts/{alert}/assignee", url, token, json={"name": name}).json())


@alerts.verb("shelve")
def shelve(
    alert: IdArgument,
    reason: Annotated[str, typer.Argument(help="Why.")],
    minutes: Annotated[int, typer.Option(help="For how long; 0 takes it back.")] = 60,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Put an alert on the shelf (搁置): out of the list of what is to be done, for a while or until it gets worse.

    Example:  hub alerts shelve 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e "welding until noon" --minutes 120
    """
    path = f"/alerts/{alert}/shelf"
    if minutes == 0:
        _tell(call("DELETE", path, url, token).json())
    else:
        _tell(call("PUT", path, url, token, json={"minutes": minutes, "reason": reason}).json())


@alerts.verb("merge")
def merge(
    alert: IdArgument,
    into: Annotated[str, typer.Argument(help="The id of the alert in which it goes on.")],
    note: NoteOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Let an alert go on in another one that is about the same.

    Example:  hub alerts merge 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e 0199f3a2-7d2f-7c63-8e1f-4a5b6c7d8e9f
    """
    body = {"into": into} | ({"note": note} if note is not None else {})
    _tell(call("POST", f"/alerts/{alert}/merge", url, token, json=body).json())


def _step(
    alert: str, to: str, note: str | None, actor: str | None, url: str, token: str | None, cause: str | None = None
) -> None:
    given = {"to": to, "note": note, "actor": actor, "cause": cause}
    body = {name: value for name, value in given.items() if value is not None}
    found = call("POST", f"/alerts/{alert}/steps", url, token, json=body).json()
    then = f"; next: {', '.join(found['steps'])}" if found["steps"] else ""
    out.print(Text(f"{found['handling']}{then}."))
    if (climb := found["escalation"]) and climb["state"] == "waiting" and to == "acknowledged":
        out.print(Text(f"Only a person on duty stops the escalation chain: {_climb(climb)}"), soft_wrap=True)


def _climb(found: dict[str, Any]) -> str:
    """How far an alert is in its chain."""
    told = f"{found['chain']}, step {found['step']}, {found['state']}"
    if found["next_at"] is None:
        return told
    to = f" to {', '.join(found['next_to'])}" if found["next_to"] else ""
    return f"{told}; next at {_time(found['next_at'])}{to}"


def _tell(found: dict[str, Any]) -> None:
    out.print(Text.assemble((f"{found['level']}  ", COLOURS[found["level"]]), found["title"]), soft_wrap=True)
    facts = ("id", "condition", "handling", "rule", "device", "region", "opened_at", "cleared_at")
    for name in (*facts, "assignee", "check_result", "cause", "shelved_until", "merged_into"):
        if found[name] is not None:
            out.print(Text(f"  {name:13} {found[name]}"), soft_wrap=True)
    if found["steps"]:
        out.print(Text(f"  {'next':13} {', '.join(found['steps'])}"), soft_wrap=True)
    if found["escalation"]:
        out.print(Text(f"  {'escalation':13} {_climb(found['escalation'])}"), soft_wrap=True)
    for change in found["changes"]:
        why = details_told(change["kind"], change["details"], "en")
        said = [each for each in (change["actor"], why, change["note"]) if each]
        told = f"  {_time(change['at'])}  {change['kind']} {change['level']}  {': '.join(said)}"
        out.print(Text(told.rstrip()), soft_wrap=True)
    for each in found["attachments"]:
        out.print(Text(f"  attachment {each['name']} ({each['media_type']}, {each['size']} bytes)"), soft_wrap=True)
    for each in found["deliveries"]:
        why = f": {each['last_error']}" if each["last_error"] and each["state"] != "delivered" else ""
        fell = f"; {each['why']}" if each["why"] else ""
        fell += f" by {each['inhibited_by']}" if each["inhibited_by"] else ""
        fell += _receipt(each) if each["receipt"] else ""
        told = f"  change {each['seq']} to {each['consumer']}: {each['state']}, {each['attempts']} attempts{why}{fell}"
        out.print(Text(told, style="dim"), soft_wrap=True)


def _receipt(delivery: dict[str, Any]) -> str:
    """Accepted is not reached: what the gateway has said since."""
    at = f" at {_time(delivery['reached_at'])}" if delivery["reached_at"] else ""
    said = f" ({delivery['receipt_said']})" if delivery["receipt_said"] else ""
    return f"; receipt {delivery['receipt']}{said}{at}" + (", sent again" if delivery["repeats"] else "")


def _spoken(lang: str | None, as_json: bool) -> str:
    return language(lang or ("en" if as_json else None))


def _time(at: str) -> str:
    return f"{at[:19].replace('T', ' ')}Z"
