"""Replay of dead letters after a fix."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.context import Context, Here
from api.contract_types import Time
from api.cursors import decode, encode
from api.database import audit, writing
from api.language import Spoken
from api.problems import ProblemError, not_found, responses
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.errors import TransientError
from hub.store.replay import Place, Replay, Replayed, Selection
from hub.words import Lang
from hub.words.sentence import told

router = GuardedRouter(tags=["dead letters"])
AT_ONCE = 1000
"""Letters of one request; it waits for their commit."""
_PLACE = (datetime, datetime, UUID)


class ReplayBody(BaseModel):
    """Filter for dead letters (all conditions must match), oldest first."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "unknown_device"}]})

    reason: Annotated[str, Field(max_length=64)] | None = None
    device: Annotated[str, Field(max_length=64)] | None = None
    since: Time | None = Field(default=None, description="received at that time or later, with a zone")
    limit: int = Field(default=AT_ONCE, ge=1, le=AT_ONCE)
    cursor: Annotated[str, Field(max_length=400)] | None = Field(default=None, description="`next` of the last answer")
    dry_run: bool = Field(default=False, description="only count")


class RefusedAgain(BaseModel):
    """A dead letter refused again, with its new reason."""

    id: UUID
    device: str | None
    reason: str
    detail: str
    at: str | int | None


class ReplayResult(BaseModel):
    """Result of a replay."""

    replayable: int | None = Field(description="letters of the selection that can be replayed; told without a cursor")
    not_replayable: int | None = Field(description="those that cannot: their payload was cut, or not kept")
    accepted: int = Field(description="stored now, and letters no more")
    refused: list[RefusedAgain]
    cut: list[UUID] = Field(description="looked at and left alone: their payload was cut, or not kept")
    next: str | None = Field(description="give it as `cursor` to go on; null when nothing is left")


@router.post("/dead-letters:replay", response_model=ReplayResult, responses=responses(422, 503))
@needs(Permission.LETTERS_REPLAY)
async def replay_dead_letters(body: ReplayBody, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Replay dead letters unchanged: same transport, address and arrival time.

    One that is accepted now is removed; one that is refused again stays, with its new reason. Repeating is harmless.
    """
    replay = _replay(context)
    place, chosen = None, Selection(reason=body.reason, device=body.device, since=body.since)
    if body.cursor:
        until, received_at, id_ = decode(body.cursor, _PLACE)
        place = Place(received_at, id_)
        chosen = Selection(reason=body.reason, device=body.device, since=body.since, until=until)
    whole, cut = (None, None) if place else await replay.count(chosen)
    done = Replayed()
    if not body.dry_run:
        done = await _run(context, caller, chosen, body.limit, place)
    return _result(done, chosen, (whole, cut), spoken)


@router.post("/dead-letters/{letter_id}/replay", response_model=ReplayResult, responses=responses(404, 409, 503))
@needs(Permission.LETTERS_REPLAY)
async def replay_dead_letter(letter_id: UUID, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Replay one dead letter; 409 when its payload was cut or not kept."""
    chosen = Selection(id=letter_id)
    done = await _run(context, caller, chosen, 1, None)
    if done.cut:
        raise ProblemError(409, "it cannot be replayed: its payload was cut, or not kept at all")
    if not done.looked_at:
        raise not_found("dead letter", letter_id)
    done.place = None
    return _result(done, chosen, (1, 0), spoken)


async def _run(context: Context, caller: Caller, chosen: Selection, limit: int, place: Place | None) -> Replayed:
    try:
        done = await _replay(context).run(chosen, limit, place)
    except TransientError as error:
        raise ProblemError(503, f"not finished: {error.detail}", headers={"Retry-After": "2"}) from error
    if done.accepted or done.refused:
        async with writing(context) as conn:
            told = {"accepted": done.accepted, "refused": len(done.refused)}
            await audit(conn, caller, "dead_letters.replay", str(chosen.id or chosen.reason or "-"), told)
    return done


def _replay(context: Context) -> Replay:
    if context.replay is None:
        raise ProblemError(503, "this process stores nothing; ask one that does")
    return context.replay


def _result(done: Replayed, chosen: Selection, counted: tuple[int | None, int | None], lang: Lang) -> dict[str, Any]:
    following = encode([chosen.until, *done.place]) if done.place else None
    return {
        "replayable": counted[0],
        "not_replayable": counted[1],
        "accepted": done.accepted,
        "refused": [{**refusal._asdict(), "detail": told(refusal.detail, lang)} for refusal in done.refused],
        "cut": done.cut,
        "next": following,
    }
