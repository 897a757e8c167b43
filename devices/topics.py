"""MQTT topics of the contract: those of devices, the hub's own, and what somebody meant by another one."""

import re
from collections.abc import Iterator
from typing import NamedTuple

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
"""A device code."""

FORMS = ("telemetry", "senml", "event", "reply", "status")
"""What kinds of payload there are."""

LEVELS = {form: form for form in FORMS} | {"events": "event"}
"""Form by the last level of a topic."""

OWN = {
    "command": "{device}/command",
    "child_command": "{gateway}/child/{device}/command",
    "alert": "alerts/{region}/{level}",
    "alert_state": "alerts/{region}/{level}/{alert}",
    "readings": "readings/{target}/{device}",
    "check": "hub-check/{client_id}",
    "handover": "~handover/telemetry",
    "path": "~path/telemetry",
}
"""Topics below the prefix to which the hub itself publishes: commands, alerts and their retained states,
readings that are forwarded, what `hub check` tries, the marker of a session that is handed over, rounds of the path
watch. They are no messages of devices."""

WORDS = {
    **LEVELS,
    "command": "reply",
    **dict.fromkeys(("data", "values", "value", "readings", "reading", "measurements", "measurement"), "telemetry"),
    **dict.fromkeys(("attributes", "properties", "uplink", "up", "metrics"), "telemetry"),
    **dict.fromkeys(("alarm", "alarms", "alert"), "event"),
    **dict.fromkeys(("replies", "response"), "reply"),
    **dict.fromkeys(("statuses", "online", "presence", "availability"), "status"),
}
"""What people write for the last level of a topic, in lower case, and the one that is right."""

_OWN = re.compile("|".join(re.sub(r"\{\w+\}", "[^/]+", topic) for topic in OWN.values()))
_VERSION = re.compile(r"v\d+", re.IGNORECASE)


class Topic(NamedTuple):
    """A topic of a device."""

    device: str
    form: str
    gateway: str | None = None

    def under(self, prefix: str) -> str:
        """The topic as it is to be published to."""
        above = f"{prefix}/{self.gateway}/child" if self.gateway is not None else prefix
        return f"{above}/{self.device}/{self.form}"


def each_of(prefix: str) -> list[str]:
    """Topic filters for the messages of the contract."""
    return [*(f"{prefix}/+/{level}" for level in LEVELS), *(f"{prefix}/+/child/+/{level}" for level in LEVELS)]


def formerly_each_of(prefix: str) -> list[str]:
    """Topic filters of hubs of before."""
    return [*(f"{prefix}/+/{form}" for form in FORMS), *(f"{prefix}/+/child/+/{form}" for form in FORMS)]


def mistaken(prefix: str) -> list[str]:
    """Topic filters for the mistakes that are made most, none of which a filter of `each_of` or `beside` matches."""
    words = {form for word in WORDS for form in (word, word.capitalize(), word.upper())} | {"SenML"}
    ends = [*sorted(words - {*LEVELS, "command"}), *(f"{level}/" for level in LEVELS)]
    return [*(f"{prefix}/+/{end}" for end in ends), *(f"{prefix}/+/child/+/{end}" for end in ends)]


def beside(prefix: str) -> list[str]:
    """Topic filters for mistakes outside the prefix: a slash before it or within it, another case, no version.

    Without the version they match, of what is below the prefix, only topics that lack the device.
    """
    above, _, version = prefix.rpartition("/")
    if not above or not _VERSION.fullmatch(version):
        return [f"/{prefix}/#", *(f"{other}/#" for other in _in_other_case(prefix))]
    within = [f"{above}//{version}/#", *(f"{above}/{other}/#" for other in _in_other_case(version))]
    return [
        *(f"/{above}/#", *within, *(f"{other}/#" for other in _in_other_case(above))),
        *(*each_of(above), *mistaken(above)),
    ]


def _in_other_case(text: str) -> list[str]:
    return sorted({text.lower(), text.upper(), text.capitalize()} - {text})


def own_topic(prefix: str, kind: str, **names: str) -> str:
    """A topic of the hub's own; `kind` is a key of OWN."""
    return f"{prefix}/{OWN[kind].format(**names)}"


def is_own(topic: str, prefix: str) -> bool:
    """Whether the hub itself publishes to that topic."""
    return topic.startswith(prefix) and _OWN.fullmatch(topic, len(prefix) + 1) is not None


def meant(topic: str, prefix: str) -> Topic | None:
    """What was probably meant by a topic that is none of the contract; None when it cannot be told."""
    levels = [level.strip() for level in topic.split("/")]
    levels = [level for level in levels if level]
    for rest in _without_prefix(levels, [level for level in prefix.split("/") if level]):
        if len(rest) >= 4 and rest[1].lower() == "child" and _are_codes(rest[0], rest[2]):
            return Topic(rest[2], _form(rest[3]), rest[0])
        if rest and _are_codes(rest[0]):
            return Topic(rest[0], _form(rest[1]) if len(rest) > 1 else "telemetry")
    return None


def _without_prefix(levels: list[str], prefix: list[str]) -> Iterator[list[str]]:
    """The levels below the prefix: written in another case, without its version or with another one."""
    told, wanted = [level.lower() for level in levels], [level.lower() for level in prefix]
    if told[: len(wanted)] == wanted:
        yield levels[len(wanted) :]
    elif wanted and _VERSION.fullmatch(wanted[-1]) and told[: len(wanted) - 1] == wanted[:-1]:
        rest = levels[len(wanted) - 1 :]
        yield rest[1:] if rest and _VERSION.fullmatch(rest[0]) else rest


def _are_codes(*levels: str) -> bool:
    return all(CODE.fullmatch(level) and level.lower() not in WORDS for level in levels)


def _form(level: str) -> str:
    """The form that was meant by a last level; telemetry for one that nobody has written before."""
    return WORDS.get(level.lower(), "telemetry")
