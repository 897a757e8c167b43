"""One change of the log of alerts, as it goes out: rendered once for all who get the same of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from api.cloudevents import cloudevent, encode, event_type
from api.websocket_frames import text_frame
from hub.access.classification import Level
from hub.access.scope import Scope


class Rendered(NamedTuple):
    """A change up to a ceiling."""

    event: dict[str, Any]
    """The CloudEvent."""
    body: bytes
    """The same in JSON."""


@dataclass(frozen=True)
class Change:
    """A row of alert_change, with who gets it and who may see it."""

    cursor: int
    kind: str
    row: Mapping[str, Any] = field(repr=False)
    """As stored: alert_id, seq, kind, at, picture."""
    scope_keys: frozenset[str] = frozenset()
    """Of its device: who may see it."""
    recipients: frozenset[int] = frozenset()
    """Ids of the consumers that it is for."""
    _rendered: dict[tuple[Level, str | None], Rendered] = field(default_factory=dict, repr=False)

    def rendered(self, ceiling: Level, page: str | None = None) -> Rendered:
        """Its CloudEvent up to a ceiling, with links to the hub's page at this address."""
        if (known := self._rendered.get((ceiling, page))) is None:
            event = cloudevent(self.row, ceiling, page)
            known = self._rendered[ceiling, page] = Rendered(event, encode(event))
        return known

    def seen_in(self, scope: Scope) -> "Streamed | None":
        """The change as a scope sees it, up to its ceiling; None: it does not."""
        if not scope.sees(self.scope_keys):
            return None
        return self.streamed if scope.sees_uncut(self.scope_keys) else self.cut

    @cached_property
    def streamed(self) -> "Streamed":
        """The whole change."""
        return Streamed(self.cursor, self.kind, self.rendered(Level.CORE).body)

    @cached_property
    def cut(self) -> "Streamed":
        """The change up to L2."""
        return Streamed(self.cursor, self.kind, self.rendered(Level.L2).body)


@dataclass(frozen=True)
class Streamed:
    """A change for streams; its frames are made once for everyone."""

    cursor: int
    kind: str
    event: bytes
    """Its CloudEvent."""

    @cached_property
    def frame(self) -> bytes:
        """As a server-sent event; its id is used as Last-Event-ID."""
        kind = event_type(self.kind).encode()
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.cursor, kind, self.event)

    @cached_property
    def message(self) -> bytes:
        """As a message of a WebSocket: the CloudEvent with the extension attribute `cursor`."""
        return text_frame(b'{"cursor":%d,%s' % (self.cursor, self.event[1:]))
