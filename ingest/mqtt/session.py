"""The hub's session with the broker: which client id it has, and what happened to it."""

from hashlib import blake2b
from typing import NamedTuple, Protocol

from hub.models import Micros
from hub.settings import Mqtt


class Identity(NamedTuple):
    """Under which client id the broker keeps the hub's messages."""

    client_id: str
    source: str
    """`Raw.source` of its messages: whose packet ids they carry. Not the client id, which nobody else may learn."""
    former: str | None = None
    """Client id of the session of older versions, which is to be handed over; its `Raw.source` is the same."""
    held_at: Micros | None = None
    """When it was last held, as far as that is known; None: never, or nobody has noted it."""


class Session(Protocol):
    """Remembers the identity, and what is to be told of the session. Only `load` and `begin` wait for the store."""

    held: bool
    """Whether it is held now: connected and subscribed."""
    whole: bool
    """Whether it is subscribed to all below the prefix, not to each kind of topic; see Filters."""
    filters: frozenset[str] | None
    """Filters that the broker is known to have for it; None: those of older versions, which noted none."""

    async def load(self) -> Identity:
        """The identity, made once and the same for ever. Raises StoreUnavailable."""

    async def begin(self, whole: bool) -> None:
        """Note, before it asks for any, that the broker has no filters of it. Raises StoreUnavailable.

        `whole`: it may ask for all below the prefix, if that is remembered.
        """

    def subscribed(self, filters: frozenset[str]) -> None:
        """Note which filters the broker has confirmed."""

    def handed_over(self) -> None:
        """Note that the former session is drained and ended."""

    def lost(self, since: Micros) -> None:
        """Note that the broker did not know the session any more, which was last held then."""

    def taken_over(self) -> None:
        """Note that another client uses the client id."""


def identity(name: str, client_id: str, former: str | None = None, held_at: Micros | None = None) -> Identity:
    """Identity of the hubs that share a session `name` (mqtt.client_id)."""
    if client_id == name:
        return Identity(name, name, None, held_at)
    return Identity(client_id, f"{name}~{_digest(client_id, 4)}", former, held_at)


def _digest(text: str, size: int) -> str:
    return blake2b(text.encode(), digest_size=size).hexdigest()


class UnstoredSession:
    """Session of an edge without a database: its client id is derived from a secret of the settings.

    Without the secret it is the name alone, as it was before there was one. What happened is in the log only.
    """

    def __init__(self, settings: Mqtt) -> None:
        self.held = self.whole = False
        self.filters: frozenset[str] | None = frozenset()
        name, secret = settings.client_id, settings.session_secret
        self._client_id = name if secret is None else f"{name}-{_digest(name + secret.get_secret_value(), 12)}"
        self._name, self._handed_over = name, False

    async def load(self) -> Identity:
        """See Session."""
        return identity(self._name, self._client_id, None if self._handed_over else self._name)

    async def begin(self, whole: bool) -> None:
        """See Session; never for the whole: after a restart nobody would know, and what overlaps comes twice."""
        self.filters = frozenset()

    def subscribed(self, filters: frozenset[str]) -> None:
        """See Session; until the process ends."""
        self.filters = filters

    def handed_over(self) -> None:
        """See Session; asked again after each start."""
        self._handed_over = True

    def lost(self, since: Micros) -> None:
        """See Session."""

    def taken_over(self) -> None:
        """See Session."""
