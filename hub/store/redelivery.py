"""What may be an old message that comes again, behind newer ones."""

from hub.models import Raw
from hub.store.dead_letter_stage import REPLAY


def maybe_delivered_before(raw: Raw) -> bool:
    """Whether a broker may be delivering a message again, or it is a dead letter that is."""
    return bool(raw.repeated) or raw.retained or raw.source.startswith(REPLAY)
