"""Requests of the hub to a superior platform: REGISTER with its login, MESSAGE, NOTIFY; and how far each has come."""

from itertools import count
from secrets import token_hex

from api.forwarding.gb28181.link import Link, SuperiorError
from api.forwarding.gb28181.login import Login
from api.forwarding.gb28181.platform import Superior
from devices.codecs.gb28181.sip import Header, Message, is_number
from devices.codecs.gb28181.writing import CONTENT_TYPE
from devices.sip.transactions import Transactions
from hub.words.sentence import Sentence

AT_ONCE = 300
"""Requests that wait for their answer."""
AGENT = "Ganzhi"
LONGEST_S = 604_800
TRIES = 3
"""Of a login: without one, with one, and with a fresh nonce."""


class Requests:
    """Of one connection."""

    def __init__(self, link: Link, superior: Superior, password: str, transactions: Transactions | None = None) -> None:
        self._link, self._superior, self._platform = link, superior, superior.told
        self._login = Login(self._platform.username or superior.number, password)
        self._transactions = transactions or Transactions(AT_ONCE)
        self._call, self._tag = f"{token_hex(12)}@{superior.number[:10]}", token_hex(6)
        self._numbers = count(1)

    def answered(self, message: Message) -> None:
        """An answer has come."""
        self._transactions.answered(message)

    @property
    def here(self) -> str:
        """host:port of the hub's end."""
        host, port = self._link.local
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def register(self, is_leaving: bool = False) -> int:
        """Register, or renew it; for how many seconds it holds. SuperiorError where the platform does not take it.
        Or log out: 0."""
        platform, own = self._platform, self._superior.number
        uri = f"sip:{platform.id}@{platform.domain}"
        asked, shown = 0 if is_leaving else platform.expires_s, list[Header]()
        for attempt in range(TRIES):
            us = f"<sip:{own}@{platform.domain}>"
            dialog: tuple[Header, ...] = (("from", f"{us};tag={self._tag}"), ("to", us), ("call-id", self._call))
            more = (("expires", str(asked)), *shown)
            answer = await self._send("REGISTER", uri, dialog, more)
            if answer is None:
                raise SuperiorError(Sentence("forward.gb28181.silent", method="REGISTER"))
            if answer.status == 423 and is_number(least := answer.header("min-expires")):
                asked, shown = min(max(asked, int(least)), LONGEST_S), []
            elif self._login.asked(answer):
                if attempt and not self._login.is_stale(answer):
                    break
                shown = [self._login.header(answer, "REGISTER", uri)]
            elif answer.status < 300:
                return 0 if is_leaving else _granted(answer, asked)
            else:
                raise _refused("REGISTER", answer)
        raise SuperiorError(Sentence("forward.gb28181.login"))

    async def message(self, body: bytes) -> Message | None:
        """A MESSAGE to the platform; its answer, None where none comes."""
        platform = self._platform
        dialog: tuple[Header, ...] = (
            ("from", f"<sip:{self._superior.number}@{platform.domain}>;tag={token_hex(6)}"),
            ("to", f"<sip:{platform.id}@{platform.domain}>"),
            ("call-id", f"{token_hex(12)}@{self._superior.number[:10]}"),
        )
        return await self._send("MESSAGE", f"sip:{platform.id}@{platform.domain}", dialog, (), body)

    async def notify(
        self, uri: str, dialog: tuple[Header, ...], number: int, more: tuple[Header, ...], body: bytes
    ) -> Message | None:
        """A NOTIFY in a dialog."""
        return await self._send("NOTIFY", uri, dialog, more, body, number)

    async def _send(
        self,
        method: str,
        uri: str,
        dialog: tuple[Header, ...],
        more: tuple[Header, ...],
        body: bytes = b"",
        number: int | None = None,
    ) -> Message | None:
        via = f"SIP/2.0/{self._link.transport.upper()} {self.here};rport;branch=z9hG4bK{token_hex(10)}"
        version: tuple[Header, ...] = (("x-gb-ver", "3.0"),) if self._platform.version == "2022" else ()
        headers: tuple[Header, ...] = (
            ("via", via),
            *dialog,
            ("cseq", f"{next(self._numbers) if number is None else number} {method}"),
            ("contact", f"<sip:{self._superior.number}@{self.here}>"),
            ("max-forwards", "70"),
            ("user-agent", AGENT),
            *version,
            *more,
            *((("content-type", CONTENT_TYPE),) if body else ()),
        )
        return await self._transactions.send(self._link, Message(method, uri, 0, "", headers, body))


def _granted(answer: Message, asked: int) -> int:
    """Seconds: as its Expires or Contact tells; as asked for where neither does."""
    contact = answer.header("contact").lower().partition("expires=")[2].partition(";")[0].strip()
    told = next((each for each in (answer.header("expires").strip(), contact) if is_number(each)), str(asked))
    if not int(told):
        raise SuperiorError(Sentence("forward.gb28181.no_time"))
    return min(int(told), LONGEST_S)


def _refused(method: str, answer: Message) -> SuperiorError:
    return SuperiorError(
        Sentence("forward.gb28181.refused", method=method, status=str(answer.status), reason=answer.reason[:80])
    )
