"""A finding of a diagnosis, without text; its words are in hub/words/diagnosis.json."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from devices.diagnosis.facts import Facts

Level = Literal["fault", "warning", "info", "ok"]
ORDER: Mapping[Level, int] = {"fault": 0, "warning": 1, "info": 2, "ok": 3}


@dataclass(slots=True, frozen=True)
class Note:
    """A finding: its code, level and values, without text."""

    code: str
    level: Level
    values: Mapping[str, Any] = field(default_factory=dict)


Look = Callable[[Facts], Iterator[Note]]
