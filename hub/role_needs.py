"""What roles of a process need of its settings, or do not go with."""

from collections.abc import Collection

from hub.diode_settings import Diode

_BUS_NEEDS_KAFKA = "the roles edge and worker need kafka.servers; an edge alone may have diode.edge instead"
_DIODE_ALONE = "diode.edge is of an edge that has no Kafka: leave out kafka.servers, or the section [diode]"
_INBOX_IS_DIRECT = "diode.inbox is of a hub of the role direct: other roles take no files"


def unfit(roles: Collection[str], diode: Diode, *, kafka: bool) -> str | None:
    """What is wrong, as a sentence; None: nothing. `kafka`: whether its servers are known."""
    if "edge" in roles and diode.edge is not None and kafka:
        return _DIODE_ALONE
    if diode.inbox is not None and "direct" not in roles:
        return _INBOX_IS_DIRECT
    needs_kafka = "worker" in roles or ("edge" in roles and diode.edge is None)
    return _BUS_NEEDS_KAFKA if needs_kafka and not kafka else None
