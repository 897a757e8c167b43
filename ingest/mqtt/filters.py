"""Topic filters of a session: which it has, and which it asks for."""

from collections.abc import Sequence
from typing import NamedTuple


class Filters(NamedTuple):
    """Topic filters of the hub. No two overlap within `whole`, nor within `each`: brokers deliver once for each."""

    each: Sequence[str]
    """One for each kind of topic of the contract: a session of an older version has them."""
    mistaken: Sequence[str] = ()
    """Beside `each`: for mistakes that are often made."""
    former: Sequence[str] = ()
    """Those that sessions have that nobody has noted any of."""
    whole: Sequence[str] = ()
    """In place of `each` and `mistaken`: all below the prefix."""
    beside: Sequence[str] = ()
    """For mistakes outside the prefix, whatever is asked for within it."""

    def needed(self, whole: bool) -> list[str]:
        """Those without which the hub does not hear its devices."""
        return list(self.whole if whole else self.each)

    def useful(self, whole: bool) -> list[str]:
        """Those that a broker may refuse."""
        return [*([] if whole else self.mistaken), *self.beside]
