"""What several sources say of one warning, as one: pure, and the same in whatever order they said it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hub.warnings.formats import Format
from hub.warnings.message import Lang, Message, Remark, Texts

_TRUST: Sequence[Format] = ("12379", "cap", "qweather", "nmc", "wolfx")
"""Whose word counts first: the platform that issues, then full messages, then lists."""
_FILLED = (
    "sender", "sender_code", "event_code", "event", "level_stated", "onset", "effective", "expires", "area", "quake",
)  # fmt: skip
"""Taken from the next source where the first has none."""
REMEMBERED = 50
"""Messages of a source that count, the newest ones, beside its cancels: whatever it sends, merging is bounded."""
_OPEN: Mapping[Remark, str] = {"kind_unknown": "kind", "level_unknown": "level", "no_area": "divisions"}


class Said(NamedTuple):
    """One message of a source, as it is stored."""

    number: int
    """In the order of their arrival."""
    source: str
    format: Format
    message: Message


def merged(said: Sequence[Said]) -> Message:
    """The warning. Of one source its highest report counts, then the one that was sent last, then that arrived last.

    A cancel of the warning itself is final where nobody whose word counts more says the warning; what it does not say
    is what was said before. References are those of whose word counts first among those who state any.
    """
    ranked = sorted(said, key=_rank)
    final = any(each.message.type == "cancel" and each.format == ranked[0].format for each in ranked)
    if not final:  # nor does a cancel that counts less bring an end of its own
        ranked = [each for each in ranked if each.message.type != "cancel"]
    chosen = [each.message for each in ranked]
    first, later = chosen[0], chosen[1:]
    update: dict[str, object] = {}
    for name in _FILLED:
        if not getattr(first, name):
            update[name] = next((value for each in later if (value := getattr(each, name))), getattr(first, name))
    update["kind"] = next((each.kind for each in chosen if each.kind != "other"), "other")
    update["level"] = next((each.level for each in chosen if each.level is not None), None)
    if not (first.divisions or first.polygons or first.circles):
        for each in later:
            if each.divisions or each.polygons or each.circles:
                update |= {"divisions": each.divisions, "polygons": each.polygons, "circles": each.circles}
                break
    update["texts"] = _texts(chosen)
    update["report"] = max(each.report for each in chosen)
    referring = [each for each in ranked if each.message.references]
    update["references"] = tuple(
        dict.fromkeys(
            reference
            for each in referring
            if each.format == referring[0].format
            for reference in each.message.references
        )
    )
    if final:
        update["type"] = "cancel"
    result = first.model_copy(update=update)
    return result.model_copy(update={"remarks": _remarks(chosen, result)})


def trust_of(said: Sequence[Said]) -> int:
    """How much the word of the best of them counts: 1 the platform that issues, and on to third parties."""
    return 1 + min(_TRUST.index(each.format) for each in said)


def _rank(said: Said) -> tuple[int, int, float, int]:
    """The first is who is trusted most, with what it said last."""
    return _TRUST.index(said.format), -said.message.report, -said.message.sent.timestamp(), -said.number


def _texts(chosen: Sequence[Message]) -> dict[Lang, Texts]:
    found: dict[Lang, Texts] = {}
    for message in reversed(chosen):
        for lang, texts in message.texts.items():
            known = found.get(lang, Texts())
            stated = {name: value for name, value in texts.model_dump().items() if value}
            found[lang] = known.model_copy(update=stated)
    return found


def _remarks(chosen: Sequence[Message], result: Message) -> tuple[Remark, ...]:
    """Those of all, but for what another source has settled."""
    empty = Message(identifier="-", sent=result.sent)
    found = {remark for each in chosen for remark in each.remarks}
    settled = {remark for remark, name in _OPEN.items() if getattr(result, name) != getattr(empty, name)}
    return tuple(sorted(found - settled))
