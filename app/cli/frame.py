"""`hub frame`: what the hub would make of a payload, without a device and without a hub."""

import json
import re
import sys
import time
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out
from app.cli.connection import Verbs
from app.cli.diagnose import LangOption, language
from app.cli.frame_capture import capture, replay, tell_capture
from devices.diagnosis.capture import is_capture
from devices.diagnosis.frame_check import unhex
from devices.diagnosis.frame_forms import FRAMES
from devices.diagnosis.frame_profile import ProfileView, check_with, view_of
from devices.diagnosis.frame_report import as_object
from devices.diagnosis.rendering import reason_in
from devices.library.profiles import library
from devices.similar import nearest
from hub.words import Lang, text

frame = Verbs("See what the hub makes of a payload.")
ROWS = 40
STYLES = {"accepted": "green", "partly": "yellow", "refused": "bold red", "dropped": "yellow"}
_DIGITS = re.compile(r"[0-9a-fA-F]{2}([ ,:-]?[0-9a-fA-F]{2}){3,}")
"""A payload written as an argument; no file is likely to be called so."""
_HEADS = ("metric", "value", "unit", "time")


@frame.callback()
def _group() -> None:
    """See what the hub makes of a payload."""


frame.verb("capture")(capture)
frame.verb("replay")(replay)


@frame.verb("check", asks=lambda given: given["device"] is not None)
def check_frame(
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROTOCOL] [FILE|HEX|-]",
            help="The payload: a file, or its hexadecimal digits; - or nothing: standard input. PROTOCOL is as --form.",
        ),
    ] = None,
    form: Annotated[str, typer.Option(help=f"auto, or one of {', '.join(FRAMES)}.")] = "auto",
    profile: Annotated[str | None, typer.Option(help="Its metrics: a JSON file, or a code of the library.")] = None,
    device: Annotated[str | None, typer.Option(help="Its profile, as the running hub knows it.")] = None,
    is_hex: Annotated[bool, typer.Option("--hex", help="What is read is hexadecimal digits.")] = False,
    zone: Annotated[str, typer.Option(help="Of the device's clock, for times without an offset.")] = "Asia/Shanghai",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Decode a payload as the hub would, and say which byte or field is wrong. Exit status 1 when it is refused.

    Example:  echo '{"ts": 1767225600, "values": {"pm25": 35.2}}' | hub frame check

    Example:  hub frame check --profile air-station payload.json

    Example:  hub frame check --device air-17 payload.json

    Example:  hub frame check station.jsonl   (as `hub frame capture` writes it)

    Example:  hub frame check cayenne 03 67 01 10 05 67 00 FF
    """
    form, file = _meant(given or [], form)
    payload = _payload(file, is_hex)
    spoken = language(lang or ("en" if as_json else None))
    if is_capture(payload):
        return tell_capture(payload, spoken)
    if device:
        body = _asked(payload, form, device, spoken, url, token)
    else:
        body = _checked(payload, form, profile, zone, spoken)
    if as_json:
        sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
    else:
        _tell(body, spoken)
    raise typer.Exit(0 if body["verdict"] in ("accepted", "dropped") else 1)


def _meant(given: list[str], form: str) -> tuple[str, str]:
    """The form, and the file or its digits. Ends the command where it is not clear what is meant."""
    if form != "auto" and form not in FRAMES:
        fail(f"--form {form}: there is none of that name; {_forms_like(form)}")
    if given and given[0] in FRAMES and (len(given) > 1 or not Path(given[0]).exists()):
        if form not in ("auto", given[0]):
            fail(f"{given[0]} and --form {form}: write one of them")
        form, given = given[0], given[1:]
    file = " ".join(given) or "-"
    if len(given) > 1 and not _DIGITS.fullmatch(file):
        fail(f"{given[0]}: there is no protocol of that name; {_forms_like(given[0])} A FILE stands alone")
    return form, file


def _forms_like(name: str) -> str:
    near = [each for each in FRAMES if each.startswith(name)] or nearest(name, dict.fromkeys(FRAMES))
    return f"did you mean {' or '.join(near)}?" if near else f"use auto, {', '.join(FRAMES)}."


def _payload(file: str, is_hex: bool) -> bytes:
    try:
        if _DIGITS.fullmatch(file) and (is_hex or not _is_there(file)):
            return unhex(file)
        payload = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return unhex(payload) if is_hex else payload
    except OSError as error:
        digits = "; it is no payload in hexadecimal digits either: 4 bytes or more, as 01 03 04 00" if is_hex else ""
        fail(f"{file}: {error.strerror}{digits}")
    except ValueError as error:
        fail(f"{file}: {error}")


def _is_there(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # digits of a frame, longer than a name may be
        return False


def _asked(payload: bytes, form: str, device: str, lang: Lang, url: str, token: str | None) -> dict[str, Any]:
    sent = {"payload": payload.hex(), "encoding": "hex", "form": form, "device": device}
    answer: dict[str, Any] = call("POST", "/frames:check", url, token, params={"lang": lang}, json=sent).json()
    return answer


def _checked(payload: bytes, form: str, profile: str | None, zone: str, lang: Lang) -> dict[str, Any]:
    try:
        clock = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        fail(f"--zone {zone}: there is no such time zone; write it like Asia/Shanghai")
    view = None if profile is None else _view(profile)
    report = check_with(payload, form, time.time_ns() // 1000, clock, view)
    return as_object(report, lang)


def _view(name: str) -> ProfileView:
    """Load a profile from a JSON file or from the library."""
    path = Path(name)
    if not path.is_file():
        shipped = library()
        if name not in shipped:
            near = nearest(name, {code: body.get("name_en") for code, body in shipped.items()})
            meant = f"did you mean {' or '.join(near)}?" if near else f"the library has {', '.join(shipped)}"
            fail(f"--profile {name}: there is no such file, and no such profile in the library; {meant}")
        return view_of(shipped[name], name)
    try:
        body = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        fail(f"--profile {name}: {error}")
    if not isinstance(body, dict) or not isinstance(body.get("metrics"), dict):
        fail(
            f'--profile {name}: it is no profile: {{"name": ..., "metrics": {{"pm25": {{"name": ..., "unit": ...}}}}}}'
        )
    return view_of(body, path.stem)


def _tell(body: dict[str, Any], lang: Lang) -> None:
    verdict = text(f"frame.verdict.{body['verdict']}", lang)
    out.print(Text.assemble((f"{body['form']}: ", "bold"), (verdict, STYLES[body["verdict"]])), soft_wrap=True)
    for flaw in body["flaws"]:
        reason = (reason_in(flaw["reason"], lang), "yellow")
        out.print(Text.assemble("  ", reason, f"{_where(flaw, lang)}  {flaw['detail']}"), soft_wrap=True)
        if flaw["excerpt"]:
            out.print(Text("\n".join(f"      {line}" for line in flaw["excerpt"].splitlines())), soft_wrap=True)
    _tell_readings(body, lang)
    for event in body["events"]:
        parts = [f"{name} {event[name]}" for name in ("ts", "state", "level") if event[name] is not None]
        parts += [json.dumps(event["attributes"], ensure_ascii=False)] if event["attributes"] else []
        out.print(Text(f"  event {event['kind']}  {'  '.join(parts)}"), soft_wrap=True)
    if body["says"]:
        out.print(Text(f"  {body['says']}"))
    if body["answer"]:
        out.print(Text(text("frame.answer", lang, answer=body["answer"].strip())), soft_wrap=True)
    if body["private"]:
        out.print(Text(text("frame.private", lang, n=body["private"]), style="yellow"), soft_wrap=True)
    if body["timeless"]:
        out.print(Text(text("frame.timeless", lang), style="dim"))
    for remark in body["remarks"]:
        out.print(Text(f"  {remark}", style="dim"), soft_wrap=True)


def _where(flaw: dict[str, Any], lang: Lang) -> str:
    where = [text("frame.record", lang, n=flaw["record"])] if flaw["record"] is not None else []
    where += [str(flaw["path"])] if flaw["path"] else []
    if flaw["line"] is not None:
        place = {name: flaw[name] for name in ("line", "column", "byte")}
        where.append(text("frame.line", lang, **place))
    return text("frame.at", lang, where=text("phrase.comma", lang).join(where)) if where else ""


def _tell_readings(body: dict[str, Any], lang: Lang) -> None:
    if not body["readings"]:
        return
    heads = [text(f"frame.head.{head}", lang) for head in _HEADS]
    table = Table(*heads, "", box=None, pad_edge=False, padding=(0, 2))
    for each in body["readings"][:ROWS]:
        time_ = each["ts"][:23].replace("T", " ")
        table.add_row(
            each["metric"], f"{each['value']:g}", each["unit"] or "", time_, Text(each["note"], style="yellow")
        )
    out.print(table)
    if body["readings_total"] > ROWS:
        out.print(Text(text("frame.total", lang, n=body["readings_total"]), style="dim"))
