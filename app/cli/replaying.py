"""`hub dead-letters replay`: replays dead letters through a running hub, request by request."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.cli.client import call

AT_ONCE = 200
"""Letters of one request: each moves the progress bar."""


@dataclass(slots=True)
class Tally:
    """Totals of a replay; the first two are known from the start."""

    replayable: int = 0
    not_replayable: int = 0
    accepted: int = 0
    refused: int = 0
    cut: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Why letters were refused again."""

    @property
    def done(self) -> int:
        return self.accepted + self.refused + self.cut


def replay(
    url: str,
    token: str | None,
    selection: dict[str, Any],
    limit: int | None,
    dry_run: bool,
    moved: Callable[[Tally, int], None],
) -> Tally:
    """Replay matching dead letters (reason, device, since), oldest first, at most `limit`.

    `moved` is told how far it is and how many letters it will be. A hub that cannot ends the command in words; what was
    replayed by then stays so, and starting again goes on.
    """

    def ask(body: dict[str, Any]) -> dict[str, Any]:
        return dict(call("POST", "/dead-letters:replay", url, token, json=body).json())

    tally, cursor = Tally(), None
    first = ask(selection | {"dry_run": True})
    tally.replayable, tally.not_replayable = first["replayable"], first["not_replayable"]
    total = tally.replayable + tally.not_replayable
    total = total if limit is None else min(total, limit)
    moved(tally, total)
    while not dry_run and tally.done < total:
        more = {"limit": min(AT_ONCE, total - tally.done)} | ({"cursor": cursor} if cursor else {})
        answer = ask(selection | more)
        tally.accepted += answer["accepted"]
        tally.refused += len(answer["refused"])
        tally.cut += len(answer["cut"])
        tally.reasons.update(refusal["reason"] for refusal in answer["refused"])
        moved(tally, total)
        cursor = answer["next"]
        if cursor is None:
            break
    return tally
