"""How a device reaches the hub, as its connection, its network or its line tells."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from devices.diagnosis.facts import Facts
from devices.diagnosis.note import Level, Note
from hub.words.sentence import stored

LINE_ASKED, ENOUGH_ASKED, WRONG_SUMS = 3, 50, 0.02
"""Requests after which a line that answered none is told of; and a share of wrong checksums, of how many at least."""
TWINS_NOW, TWINS_TOLD = timedelta(minutes=20), timedelta(days=7)
"""Two connections of one number are told of every ten minutes while both send; how long it is told afterwards."""
SIP_TWINS_NOW = timedelta(hours=2)
"""Of two devices that register with one number each does when the other has, and at an hour at the latest."""
GAP_TOLD = timedelta(days=1)
"""So long after a gap it is worth a look; then it is history."""
LOSSY = 0.1
"""Of the frames of a device that its network did not receive: more is worth a look at the place of its antenna."""


def session(facts: Facts) -> Iterator[Note]:
    """Its connection, of a station that dials in."""
    session = facts.session
    if session is None:
        return
    ended = session["ended_at"]
    values = {"protocol": session["transport"], "peer": session["peer"] or "?"}
    if ended is None:
        yield Note("session", "info", {**values, "at": datetime.fromisoformat(session["since"])})
    else:
        yield Note("session_ended", "warning", {**values, "at": datetime.fromisoformat(ended)})
    if session["frame_at"] is not None:
        yield Note("session_frame", "info", {"at": datetime.fromisoformat(session["frame_at"])})
    if session["twin_at"] is not None and facts.now - (at := datetime.fromisoformat(session["twin_at"])) < TWINS_TOLD:
        newer, older = session["twin_peers"]
        level: Level = "warning" if facts.now - at < TWINS_NOW else "info"
        yield Note("session_twins", level, {"newer": newer, "older": older, "at": at})


def registration(facts: Facts) -> Iterator[Note]:
    """Its registration over SIP, of a camera, recorder or platform, and what it says of itself."""
    found = facts.registration
    if found is None:
        return
    until, heard = datetime.fromisoformat(found["expires_at"]), found["heard_at"]
    values: dict[str, Any] = {
        "protocol": found["transport"],
        "peer": "?" if found["host"] is None else f"{found['host']}:{found['port']}",
        "at": datetime.fromisoformat(found["since"]),
        "until": max(until, datetime.fromisoformat(found["at"])),
    }
    is_there = until > facts.now
    yield Note("sip" if is_there else "sip_over", "info" if is_there else "warning", values)
    if heard is not None:
        faulty = ", ".join(found["faulty"]) or "-"
        is_well = found["status"] == "OK" and not found["faulty"]
        told = {"at": datetime.fromisoformat(heard), "status": found["status"], "faulty": faulty}
        yield Note("sip_keepalive" if is_well else "sip_faulty", "info" if is_well else "warning", told)
    if found["told_at"] is not None:
        what = " ".join(filter(None, (found[name] for name in ("manufacturer", "model", "firmware")))) or "-"
        channels = "-" if found["channels"] is None else found["channels"]
        yield Note("sip_device", "info", {"what": what, "channels": channels})
    if found["twin_at"] is not None and found["twin_peers"] is not None:
        seen = datetime.fromisoformat(found["twin_at"])
        if facts.now - seen < TWINS_TOLD:
            newer, older = found["twin_peers"]
            level: Level = "warning" if facts.now - seen < SIP_TWINS_NOW else "info"
            yield Note("sip_twins", level, {"newer": newer, "older": older, "at": seen})


def link(facts: Facts) -> Iterator[Note]:
    """How its network receives it, where it tells."""
    link = facts.link
    if link is None or not link["received"]:
        return
    share = link["missed"] / (link["missed"] + link["received"])
    signal = {"rssi": "?" if link["rssi"] is None else f"{link['rssi']:g}", "gateway": link["gateway"] or "?"}
    values = {**signal, "missed": link["missed"], "share": f"{100 * share:.1f}", "received": link["received"]}
    yield Note("link_lossy" if share > LOSSY else "link", "warning" if share > LOSSY else "info", values)
    if link["resets"] or link["repeats"]:
        yield Note("link_counter", "info", {"resets": link["resets"], "repeats": link["repeats"]})
    if link["battery"] is not None or link["margin"] is not None:
        told = {name: "?" if link[name] is None else f"{link[name]:g}" for name in ("battery", "margin")}
        yield Note("link_status", "info", {**told, "at": datetime.fromisoformat(link["told_at"])})
    if link["note"] is not None:
        yield Note("link_note", "info", {"note": link["note"], "at": datetime.fromisoformat(link["note_at"])})


def gap(facts: Facts) -> Iterator[Note]:
    """The newest time in which nothing of it could come through its subscription, and what is known of that."""
    gap = facts.gap
    if gap is None:
        return
    times = {name: datetime.fromisoformat(gap[key]) for name, key in (("since", "from_at"), ("at", "to_at"))}
    why = "-" if gap["why"] is None else stored(gap["why"], gap["why_words"])
    level: Level = "warning" if gap["state"] == "open" and facts.now - times["at"] < GAP_TOLD else "info"
    yield Note(f"gap_{gap['state']}", level, {**times, "why": why, "count": gap["count"]})


def polled(facts: Facts) -> Iterator[Note]:
    """How it answers on its line; of a DTU, whether its line answers at all."""
    polled = facts.polled
    if polled is None:
        return
    values: dict[str, Any] = {"line": polled.line, "address": polled.address, "at": polled.ended_at}
    values |= {"asked": polled.asked, "answered": polled.answered, "since": polled.silent_since}
    if polled.ended_at is not None:
        yield Note("line_gone", "fault", values)
    elif polled.is_line and polled.asked >= LINE_ASKED and not polled.answered:
        yield Note("line_silent", "fault", values)
    elif polled.silent_since is not None and not polled.is_line:
        yield Note(f"slave_{polled.complaint or 'silent'}", "fault", values)
    elif polled.exception is not None:
        yield Note("slave_refuses", "fault", {**values, "code": polled.exception, "registers": polled.registers})
    else:
        yield Note("line_answers" if polled.is_line else "slave_answers", "ok", values)
    if polled.asked >= ENOUGH_ASKED and polled.wrong_sums > WRONG_SUMS * polled.asked:
        yield Note("slave_disturbed", "warning", {**values, "wrong": polled.wrong_sums})
