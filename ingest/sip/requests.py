"""Requests of the hub: sent again until they are answered where the transport loses some, and bounded."""

import asyncio
from itertools import count
from secrets import token_hex

from devices.codecs.gb28181.sip import Header, Message, written
from devices.codecs.gb28181.writing import CONTENT_TYPE
from hub.sip_settings import Sip
from ingest.sip.limits import ASKED
from ingest.sip.peer import Peer, shown

T1_S, T2_S = 0.5, 4.0
"""Timers of RFC 3261: the first repeat, and the longest pause between two."""
PATIENCE_S = 12.0
"""For so long an answer is waited for; timer F has 32 s, in which a hub would ask many that are gone."""
AGENT = "Ganzhi"


class Requests:
    """Writes requests and finds their answers."""

    def __init__(self, settings: Sip) -> None:
        self._settings = settings
        self._waiting: dict[str, asyncio.Future[Message]] = {}
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
        branch, octets = message.branch, written(message)
        if len(self._waiting) >= ASKED or not peer.send(octets):
            return None
        answered = self._waiting[branch] = asyncio.get_running_loop().create_future()
        pause = T1_S
        try:
            async with asyncio.timeout(PATIENCE_S):
                while peer.transport == "udp":
                    done, _ = await asyncio.wait({answered}, timeout=pause)
                    if done:
                        break
                    peer.send(octets)
                    pause = min(2 * pause, T2_S)
                final: Message = await answered
                return final
        except TimeoutError:
            return None
        finally:
            del self._waiting[branch]

    def begin(self, peer: Peer, message: Message) -> None:
        """Send a request whose answer nobody waits for, once: what it tells is told again by whoever needs it."""
        peer.send(written(message))

    def answered(self, message: Message) -> None:
        """An answer has come; a provisional one says nothing."""
        waiting = self._waiting.get(message.branch)
        if waiting is not None and not waiting.done() and message.status >= 200:
            waiting.set_result(message)
