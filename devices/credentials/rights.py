"""Broker permissions of a device: its own topics and its children's. Pure.

One decision in two forms: `may` answers a broker that asks, `grants` lists the same for one that wants to be told.
"""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from devices.topics import CODE, LEVELS

Action = Literal["publish", "subscribe"]
ParentOf = Callable[[str], str | None]
"""The code of a device's parent; None: it has none, is not known, or is retired."""

PUBLISHED = tuple(LEVELS)
HEARD = "command"


class Grants(NamedTuple):
    """Topics to publish to, without wildcards, and topic filters to subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def may(device: str, action: Action, topic: str, prefix: str, parent_of: ParentOf) -> bool:
    """Whether a device may publish to that topic, or subscribe to that filter.

    Commands for children of its own are heard with `+` too: below its own name nobody else publishes.
    """
    parts = topic[len(prefix) + 1 :].split("/") if topic.startswith(prefix + "/") else []
    if len(parts) == 2:
        code, form = parts
        return _of(form, action) and (code == device or parent_of(code) == device)
    if len(parts) == 4 and parts[:2] == [device, "child"]:
        _, _, code, form = parts
        if action == "subscribe":
            return form == HEARD and (code == "+" or CODE.fullmatch(code) is not None)
        return _of(form, action) and parent_of(code) == device
    return False


def _of(form: str, action: Action) -> bool:
    return form in PUBLISHED if action == "publish" else form == HEARD


def grants(device: str, children: Iterable[str], prefix: str) -> Grants:
    """All that `may` allows a device with these children."""
    children = sorted(children)
    names = [f"{prefix}/{code}" for code in (device, *children)]
    names += [f"{prefix}/{device}/child/{code}" for code in children]
    filters = [f"{prefix}/{code}/{HEARD}" for code in (device, *children)]
    if children:
        filters.append(f"{prefix}/{device}/child/+/{HEARD}")
    return Grants(tuple(f"{name}/{form}" for name in names for form in PUBLISHED), tuple(filters))
