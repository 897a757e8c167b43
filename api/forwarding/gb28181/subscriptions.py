"""What a superior platform wants to be told of: dialogs of SUBSCRIBE, which outlast a restart of the hub."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from api.forwarding.gb28181.platform import Superior
from api.forwarding.gb28181.requests import LONGEST_S, Requests
from devices.codecs.gb28181.sip import Header, Message, is_number, tag_of
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

EVENTS = {"catalog": "Catalog", "alarm": "Alarm"}
"""Those that there are; of where somebody is (MobilePosition) there is none."""
USUAL_S = 3600
AHEAD = 100
"""CSeq are stored so many at a time: after a kill the next ones are higher all the same."""


class Dialog(NamedTuple):
    """A subscription."""

    event: str
    call_id: str
    local: str
    remote: str
    contact: str
    number: int
    """The newest CSeq that may have been used."""
    expires_at: datetime


class Subscriptions:
    """Of one platform; read with `load`."""

    def __init__(self, superior: Superior, requests: Requests, pool: Pool) -> None:
        self._superior, self._requests, self._pool = superior, requests, pool
        self._dialogs: dict[str, Dialog] = {}
        self._stored: dict[str, int] = {}

    async def load(self) -> None:
        """Read those of before."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(SQL.read, {"target": self._superior.id})).fetchall()
        for row in rows:
            dialog = Dialog(*row)
            self._dialogs[dialog.event] = dialog
            self._stored[dialog.event] = dialog.number

    def of(self, event: str) -> Dialog | None:
        """The one that lasts."""
        dialog = self._dialogs.get(event)
        return dialog if dialog is not None and dialog.expires_at > datetime.now(UTC) else None

    async def take(self, event: str, message: Message, tag: str) -> int:
        """A SUBSCRIBE, which is answered with this tag; for how many seconds it holds, 0: it has ended."""
        told = message.header("expires").strip()
        seconds = min(int(told), LONGEST_S) if is_number(told) else USUAL_S
        before = self._dialogs.get(event)
        if not seconds:
            if before is not None and before.call_id == message.call_id:  # not the end of one that another has replaced
                await self.end(before)
            return 0
        to = message.header("to")
        number = before.number if before is not None and before.call_id == message.call_id else 0
        contact = message.header("contact").partition("<")[2].partition(">")[0] or message.header("contact")
        dialog = Dialog(
            event, message.call_id, to if tag_of(to) else f"{to};tag={tag}", message.header("from"),
            contact if contact.lower().startswith("sip:") and contact.isascii() else f"sip:{self._superior.told.id}"
            f"@{self._superior.told.domain}", number, datetime.now(UTC) + timedelta(seconds=seconds),
        )  # fmt: skip
        await self._store(dialog, number + AHEAD)
        self._dialogs[event] = dialog
        return seconds

    async def notify(self, event: str, body: bytes) -> Message | None:
        """Tell it in its dialog; None where there is none, or no answer. One that the platform does not know ends."""
        dialog = self.of(event)
        if dialog is None:
            return None
        dialog = self._dialogs[event] = dialog._replace(number=dialog.number + 1)
        if dialog.number >= self._stored[event]:
            await self._store(dialog, dialog.number + AHEAD)
        left = max(int((dialog.expires_at - datetime.now(UTC)).total_seconds()), 1)
        headers: tuple[Header, ...] = (("from", dialog.local), ("to", dialog.remote), ("call-id", dialog.call_id))
        more: tuple[Header, ...] = (("event", event), ("subscription-state", f"active;expires={left}"))
        answer = await self._requests.notify(dialog.contact, headers, dialog.number, more, body)
        if answer is not None and answer.status in (404, 481):
            await self.end(dialog)
        return answer

    async def end(self, dialog: Dialog) -> None:
        """It has ended; one that has replaced it meanwhile lasts."""
        known = self._dialogs.get(dialog.event)
        if known is not None and known.call_id == dialog.call_id:
            del self._dialogs[dialog.event]
            with sorted_errors():
                async with self._pool.connection() as conn:
                    values = {"target": self._superior.id, "event": dialog.event, "call_id": dialog.call_id}
                    await conn.execute(SQL.drop, values)

    async def _store(self, dialog: Dialog, number: int) -> None:
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(SQL.put, {"target": self._superior.id, **dialog._asdict(), "number": number})
        self._stored[dialog.event] = number
