"""Trace of one message for a live tail: decoded by the hub's own stage, filtered by the privacy gate."""

from dataclasses import dataclass, field
from typing import Any, Literal

from devices.commands.replies import ReceivedReplies
from devices.diagnosis.frame_check import flaw_of
from devices.diagnosis.frame_report import flaws
from devices.diagnosis.hidden_passwords import covered, is_sl651, packet_shown
from devices.health.last_seen import SeenDevices
from devices.health.statuses import ReportedStatuses
from devices.privacy import holds_picture, mentions_private
from devices.registry.registry import Registry
from devices.resolve import Dropped, Resolver, Wanted
from hub.errors import At
from hub.models import LEVEL_NAMES, Batch, Micros, Raw, from_micros
from hub.quality import Quality, flags_of
from hub.stage import run_steps
from hub.words import Lang, text
from hub.words.sentence import told

SHOWN_BYTES = 2_000
READINGS = 50
Verdict = Literal["stored", "partly", "refused", "dropped", "command", "conflicting", "pending"]


@dataclass(slots=True)
class MessageTrace:
    """One traced message."""

    at: Micros
    transport: str
    topic: str
    payload: str
    encoding: Literal["utf-8", "hex", "withheld"]
    size: int
    verdict: Verdict
    readings: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    says: str = ""
    """What else it says: a status, a reply."""
    reason: str = ""
    detail: str = ""
    flaws: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, payload: bytes, form: str, reason: str, detail: str, at: At, lang: Lang) -> None:
        """Record the refusal and its location."""
        self.reason, self.detail = reason, told(detail, lang)
        if self.encoding != "withheld" and at is not None:
            self.flaws = flaws([flaw_of(payload, form, reason, detail, at)], lang)

    def as_object(self) -> dict[str, Any]:
        """As JSON."""
        names = (name for name in self.__slots__ if name != "at")
        return {"at": written(self.at), **{name: getattr(self, name) for name in names}}


def trace_of(raw: Raw, registry: Registry, lang: Lang) -> tuple[MessageTrace, Batch]:
    """Trace a message against a registry, in the language of who looks; with what it was decoded to."""
    batch = Batch([raw])
    if raw.origin.address.endswith("/command"):
        return _shown(raw, "command", private=False), batch
    run_steps(Resolver(registry), batch)
    letter = batch.refused.get(0)
    adding = [metric for metrics in batch.of(Wanted).values() for metric in metrics]
    if letter is not None and adding and letter.reason == "unknown_metric":
        letter = None  # the hub adds the metrics and reads the message again
    facts = batch.events, batch.of(ReportedStatuses), batch.of(ReceivedReplies), adding
    taken = bool(len(batch.readings) or any(facts))
    verdict: Verdict = "stored" if taken or not batch.of(Dropped) else "dropped"
    if letter is not None:
        verdict = "partly" if taken else "refused"
    account = _shown(raw, verdict, private=batch.of(Dropped) > 0)
    account.readings = _readings(batch, registry, lang)
    account.events = [
        {
            "kind": event.kind,
            "ts": written(event.ts),
            "state": event.state,
            "level": None if event.level is None else LEVEL_NAMES[event.level - 1],
            "attributes": event.attributes,
        }
        for event in batch.events
    ]
    account.says = text("tail.adding", lang, metrics=", ".join(adding)) if adding else _says(batch, lang)
    if letter is not None:
        account.refuse(raw.payload, raw.origin.form, letter.reason, letter.detail, letter.at, lang)
    return account, batch


def shown(payload: bytes, private: bool = False) -> tuple[str, Literal["utf-8", "hex", "withheld"]]:
    """The displayable beginning of a payload, as text or hex; withheld when it concerns persons."""
    if private or mentions_private(payload) or holds_picture(payload):
        return "", "withheld"
    return text_of(payload, SHOWN_BYTES)


def text_of(payload: bytes, limit: int) -> tuple[str, Literal["utf-8", "hex"]]:
    """The beginning of a payload as text, or hex if it is not UTF-8; passwords of stations are not shown."""
    if is_sl651(payload):
        return packet_shown(payload[:limit]), "hex"
    shown = covered(payload, b"***")
    cut = shown[:limit]
    try:
        return cut.decode(), "utf-8"
    except UnicodeDecodeError as error:
        if len(cut) < len(shown) and error.start > limit - 4:  # a character that the cut goes through
            return cut[: error.start].decode(), "utf-8"
    return cut.hex(" "), "hex"


def written(ts: Micros) -> str:
    """Format a time as RFC 3339 in UTC."""
    return from_micros(ts).isoformat().replace("+00:00", "Z")


def flags(quality: int, lang: Lang) -> str:
    """Describe a reading's quality flags."""
    names = [flag.name_zh if lang == "zh" else flag.name_en for flag in flags_of(quality)]
    return text("phrase.comma", lang).join(names)


def _shown(raw: Raw, verdict: Verdict, private: bool) -> MessageTrace:
    payload, encoding = shown(raw.payload, private)
    origin, size = raw.origin, len(raw.payload)
    return MessageTrace(raw.received, origin.transport, origin.address, payload, encoding, size, verdict)


def _readings(batch: Batch, registry: Registry, lang: Lang) -> list[dict[str, Any]]:
    names = {
        number: (metric, device.profile.ranges.get(metric))
        for device in map(registry.device, batch.of(SeenDevices))
        if device is not None
        for metric, number in device.series.items()
    }
    found = []
    columns = batch.readings
    for at, series, value, quality in zip(
        columns.ts[:READINGS].tolist(),
        columns.series[:READINGS].tolist(),
        columns.value[:READINGS].tolist(),
        columns.quality[:READINGS].tolist(),
        strict=True,
    ):
        metric, bounds = names.get(series, (text("tail.metric", lang), None))
        if bounds is not None and not bounds[0] <= value <= bounds[1]:
            quality |= Quality.OUT_OF_RANGE
        found.append({"metric": metric, "ts": written(at), "value": value, "note": flags(quality, lang)})
    return found


def _says(batch: Batch, lang: Lang) -> str:
    said, answers = batch.of(ReportedStatuses), batch.of(ReceivedReplies)
    if said:
        online = next(iter(said.values()))[0]
        return text("tail.online", lang) if online else text("tail.offline", lang)
    return text("frame.answers", lang, command=answers[0].command) if answers else ""
