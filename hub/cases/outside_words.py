"""What an outside case system calls a stage or a category of ours: its mapping, read the other way. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, get_args

from hub.cases.outside_way import StepWord
from hub.cases.transitions import STAGES

TOLD = (*STAGES, *get_args(StepWord))
"""What a system may have a word for."""


class Words(NamedTuple):
    """The mapping of a system (table outside_system)."""

    states: Mapping[str, str]
    """By its word: a stage, or the step returned or failed."""
    categories: Mapping[str, Mapping[str, str]]
    """By its code: {kind, code}."""
    tells: Mapping[str, Mapping[str, str]]
    """states and categories (kind:code): the words to be told, where those above have none or several."""

    def state(self, stage: str, step: str | None = None) -> str | None:
        """Its word for a step that it knows by one, else for the stage; None: nobody has said which."""
        of_step = self._state(step) if step in get_args(StepWord) else None
        return of_step or self._state(stage)

    def category(self, kind: str | None, code: str | None) -> str | None:
        """Its code for a category of ours."""
        told = self.tells.get("categories", {}).get(f"{kind}:{code}")
        return told or _only(word for word, of in self.categories.items() if of == {"kind": kind, "code": code})

    @property
    def untold(self) -> list[str]:
        """Stages for which it has no word, or several of which none is chosen."""
        return [stage for stage in STAGES if self._state(stage) is None]

    def _state(self, target: str | None) -> str | None:
        told = self.tells.get("states", {}).get(target or "")
        return told or _only(word for word, of in self.states.items() if of == target)


def _only(words: Iterator[str]) -> str | None:
    """The word, if there is one alone."""
    found = list(words)
    return found[0] if len(found) == 1 else None
