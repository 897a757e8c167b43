"""Which cases figures are of: those that a caller sees, by the keys that it was granted (hub/access/scope.py). Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from hub.cases.which import By, Which

EVERYTHING = "/"
"""The key that each case has."""


class Seen(NamedTuple):
    """A part of the cases that a caller sees; no case is in two."""

    which: Which
    """All that it asks for."""
    keys: tuple[str, ...] | None = None
    """Those that have one of these keys; None: all."""
    without: tuple[str, ...] | None = None
    """But for those in these divisions."""

    @property
    def values(self) -> dict[str, Any]:
        """Parameters of the block `which` of the statements."""
        keys, without = (None if each is None else list(each) for each in (self.keys, self.without))
        holders = None if keys is None else [holder for key in keys if (holder := _holder(key))]
        regions = [key[1:] for key in keys or () if _division(key)] or None
        return {**asdict(self.which), "keys": keys, "holders": holders, "regions": regions, "without": without}

    @property
    def narrow(self) -> bool:
        """Whether narrow rows (case_fact) tell which they are: no key is of what an organisation has in one place."""
        return all(_holder(key) or _division(key) for key in self.keys or ())


@dataclass(slots=True, frozen=True)
class Reach:
    """The keys of a caller; None: all cases."""

    keys: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        """Whether it leaves nothing out."""
        return self.keys is None or EVERYTHING in self.keys

    def parts(self, which: Which) -> list[Seen]:
        """What is asked for as whole divisions, of which figures are kept, and what is seen beside them."""
        if self.keys is None or self.everything:
            return [Seen(which)]
        regions = _outermost(key[1:] for key in self.keys if _division(key))
        asked = which.region or ""
        within = [max(asked, region, key=len) for region in regions if _nested(asked, region)]
        if asked and asked in within:
            return [Seen(which)]
        told = [Seen(replace(which, region=region)) for region in within]
        others = tuple(sorted(key for key in self.keys if not _division(key)))
        return told + ([Seen(which, others, tuple(regions) or None)] if others else [])

    def member(self, which: Which, by: By) -> str | None:
        """The organisation all of whose cases are seen and asked for, and nothing else; None: it is not so."""
        if self.keys is None or len(self.keys) != 1 or which != Which() or by not in ("none", "month"):
            return None
        [key] = self.keys
        return key[:-1] if key.endswith("/") and len(key) > 1 else None


ALL = Reach()


def _division(key: str) -> bool:
    return key[0] == "/" and key[1:].isdigit()


def _holder(key: str) -> str:
    """Whom a case with a key has among its holders, where that is all; else empty."""
    owner, _, place = key.partition("/")
    return "" if owner and place else owner or (place if place.startswith("@") else "")


def _outermost(regions: Iterable[str]) -> list[str]:
    """Without those that lie in another one."""
    found: list[str] = []
    for region in sorted(regions):
        if not found or not region.startswith(found[-1]):
            found.append(region)
    return found


def _nested(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
