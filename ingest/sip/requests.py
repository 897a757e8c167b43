"""Requests of the hub: sent again until they are answered where the transport loses some, and bounded."""

from itertools import count
from secrets import token_hex

from devices.codecs.gb28181.sip import Header, Message, written
from devices.codecs.gb28181.writing import CONTENT_TYPE
from devices.sip.transactions import Transactions
from hub.sip_settings import Sip
from ingest.sip.limits import ASKED
from ingest.sip.peer import Peer, shown

AGENT = "Ganzhi"


class Requests:
    """Writes requests and finds their answers."""

    def __init__(self, settings: Sip) -> None:
        self._settings = settings
        self._transactions = Transactions(ASKED)
        self._numbers = count(1)

    @property
    def contact(self) -> str:
        """The hub as devices call it."""
        return f"sip:{self._settings.id}@{self._settings.domain}"

    def at(self, peer: Peer) -> str:
        """host:port at which a peer reaches the hub."""
        return self._settings.contact or shown(*peer.local)

    def message(self, peer: Peer, device: str, body: bytes) -> Message:
        """A MESSAGE outside of any dialog."""
        headers = (
            ("from", f"<{self.contact}>;tag={token_hex(6)}"),
            ("to", f"<sip:{device}@{self._settings.domain}>"),
            ("call-id", f"{token_hex(12)}@{self._settings.domain}"),
        )
        return self.request("MESSAGE", peer, device, headers, next(self._numbers), (), body)

    def request(
        self,
        method: str,
        peer: Peer,
        device: str,
        dialog: tuple[Header, ...],
        number: int,
        more: tuple[Header, ...],
        body: bytes,
    ) -> Message:
        """A request with From, To and Call-ID of `dialog`."""
        via = f"SIP/2.0/{peer.transport.upper()} {self.at(peer)};rport;branch=z9hG4bK{token_hex(10)}"
        headers: tuple[Header, ...] = (
            ("via", via),
            *dialog,
            ("cseq", f"{number} {method}"),
            ("contact", f"<sip:{self._settings.id}@{self.at(peer)}>"),
            ("max-forwards", "70"),
            ("user-agent", AGENT),
            *more,
            *((("content-type", CONTENT_TYPE),) if body else ()),
        )
        return Message(method, f"sip:{device}@{shown(peer.host, peer.port)}", 0, "", headers, body)

    async def send(self, peer: Peer, message: Message) -> Message | None:
        """Send a request; its final answer, None where none comes or there is no room to wait for it."""
        return await self._transactions.send(peer, message)

    def begin(self, peer: Peer, message: Message) -> None:
        """Send a request whose answer nobody waits for, once: what it tells is told again by whoever needs it."""
        peer.send(written(message))

    def answered(self, message: Message) -> None:
        """An answer has come; a provisional one says nothing."""
        self._transactions.answered(message)
