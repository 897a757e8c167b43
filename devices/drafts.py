"""Makes events and replies of what a message tells of them."""

from dataclasses import replace
from uuid import UUID

from devices.codecs.decoded import Decoded, EventDraft, ReplyDraft
from devices.codecs.inner import Downlink
from devices.commands.replies import NetworkOutcome, Reply
from devices.letters import derived, letter_of
from devices.registry.device import Device
from hub.models import GANZHI, Event, Raw
from hub.store.clips import Clipped
from hub.store.pictures import Pictured


def event_of(device: Device, draft: EventDraft, raw: Raw) -> Event:
    """The event with its derived id: from the device's own id and the time where it gives both, else from the content.

    An id without a time tells what is sent again for a while only: a device may begin to count anew.
    """
    of = () if draft.part is None else (draft.part,)
    ts, untimed_id = raw.received if draft.ts is None else draft.ts, None
    if draft.source_id is not None and draft.ts is not None:
        id_ = derived(device.code, draft.source_id, ts)
    elif draft.source_id is not None:
        untimed_id = derived(device.code, draft.source_id)
        id_ = derived(device.code, draft.source_id, draft.kind, ts, draft.state, draft.level, draft.attributes, *of)
    else:
        id_ = derived(device.code, draft.kind, ts, draft.state, draft.level, draft.attributes, *of)
    return Event(
        id=id_,
        device_id=device.id,
        device=device.code,
        ts=ts,
        received=raw.carried or raw.received,
        kind=draft.kind,
        state=draft.state,
        level=draft.level,
        attributes=draft.attributes,
        untimed_id=untimed_id,
        part=draft.part,
        continues=draft.continues,
        current=raw.current,
    )


def without_time(draft: EventDraft) -> EventDraft:
    """The event as of its arrival, with an id by which it is known if it is sent again."""
    told = derived(draft.source_id, draft.kind, draft.ts, draft.state, draft.level, draft.attributes)
    return replace(draft, ts=None, source_id=str(told))


def reply_of(index: int, device: Device, decoded: Decoded, draft: ReplyDraft, raw: Raw) -> Reply:
    """The reply with what becomes of it when nobody waits for it."""
    body = {"result": draft.result} if draft.error is None else {"error": draft.error}
    letter = letter_of(raw, "", "", None, decoded.private > 0)
    return Reply(index, draft.command, device.id, raw.received, body, letter)


def outcome_of(device: Device, told: Downlink, raw: Raw) -> NetworkOutcome | None:
    """What became of a command in a network's queue; None of what others have put there."""
    try:
        command = UUID(told.item)
    except ValueError:
        return None
    return NetworkOutcome(command, device.id, raw.received, told.became, told.why)


def take_picture(event: Event, draft: EventDraft, decoded: Decoded, raw: Raw, pictured: Pictured) -> None:
    """Note which of its message's pictures is an event's, if one is.

    An event of the hub's own form names it. Cameras send one scene with one event; none is taken where anything else in
    the message was about persons.
    """
    if not raw.pictures:
        return
    if isinstance(draft.image, int):
        if draft.image < len(raw.pictures):
            pictured.found.append((event, raw.pictures[draft.image]))
    elif raw.origin.protocol != GANZHI and draft is decoded.events[0] and not decoded.private:
        pictured.found.append((event, raw.pictures[0]))


def take_clip(event: Event, draft: EventDraft, decoded: Decoded, raw: Raw, clipped: Clipped) -> None:
    """Note that its message's clip is an event's; none is taken where anything in the message was about persons."""
    if raw.clip is not None and draft is decoded.events[0] and not decoded.private:
        clipped.found.append((event, raw.clip))
