"""Which cases a caller sees, for figures that are counted on connections of the hub."""

from api.context import Context
from hub.cases.reach import Reach


def reach_of(context: Context) -> Reach:
    """The keys of the caller's scope; of everything there is none."""
    return Reach(None if context.scope.everywhere else context.scope.whole_keys)
