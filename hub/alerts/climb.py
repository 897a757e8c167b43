"""Which steps of a chain are taken at a moment: the next one, and those after it while nobody is there. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from hub.alerts.chains import Chain, ChainStep
from hub.duty.on_duty import Duty
from hub.words.sentence import Sentence

Refuses = Callable[[str], Sentence | None]
"""Why a consumer cannot be told, by its code; None: it can."""


class Taken(NamedTuple):
    """A step that is taken."""

    number: int
    step: ChainStep
    consumers: tuple[str, ...]
    """Codes of those who are told."""
    left_out: Mapping[str, Sentence]
    """By code, who is not told and why."""
    skipped: Sentence | None
    """Why nobody is waited for, and the next step follows at once."""
    wait_s: float | None
    """Seconds until the next step; None: there is none."""


def taken(chain: Chain, done: int, duty: Mapping[str, Duty], refuses: Refuses) -> Iterator[Taken]:
    """The steps that follow after so many were taken; at least one. The last one of a chain is never skipped."""
    number = done
    while True:
        number += 1
        step = chain.step(number)
        left_out = {code: why for code in step.consumers if (why := refuses(code)) is not None}
        consumers = tuple(code for code in step.consumers if code not in left_out)
        absent = _absent(step, duty) if consumers else Sentence("escalation.nobody")
        skipped = absent if number < len(chain.steps) else None
        wait_s = None if number >= chain.length else 0.0 if skipped else chain.step(number + 1).wait_s
        yield Taken(number, step, consumers, left_out, skipped, wait_s)
        if skipped is None:
            return


def _absent(step: ChainStep, duty: Mapping[str, Duty]) -> Sentence | None:
    """Why nobody of a step's rota can acknowledge; None: somebody can, or the step names no rota."""
    if step.rota is None:
        return None
    on = duty.get(step.rota)
    if on is None or not on.people:
        reason = Sentence(f"escalation.reason.{'no_rota' if on is None else on.reason}")
        return Sentence("escalation.hole", rota=step.rota, reason=reason)
    return None if on.present else Sentence("escalation.absent", rota=step.rota)


def note_of(chain: Chain, each: Taken, why: Sentence) -> Sentence:
    """What the history says of a step that is taken."""
    told = ", ".join(each.consumers) if each.consumers else Sentence("routing.none")
    note = Sentence(
        "escalation.step", number=each.number, length=len(chain.steps), chain=chain.code, consumers=told, why=why
    )
    for code, reason in each.left_out.items():
        note = Sentence("escalation.left_out", note=note, consumer=code, reason=reason)
    return note if each.skipped is None else Sentence("escalation.onward", note=note, reason=each.skipped)
