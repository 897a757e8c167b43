"""The Things Stack 3: the uplinks that its Storage Integration has kept, of all devices of an application at once.

Source: thethingsindustries.com/docs/integrations/storage/retrieve; it must be enabled, and keeps them for 30 days (a
sandbox: 24 hours). An answer has a line for each uplink, which is the message that was pushed. `scope`: the id of the
application; `secret`: an API key with the right to read traffic.
"""

from datetime import UTC
from urllib.parse import quote

import msgspec

from devices.carriers.asked.talk import PAGES, Access, Asked, Call, Found, PlatformSaysNoError, Talk, form
from hub.models import from_micros
from hub.words.sentence import Sentence

PAGE = 500


def history(access: Access, asked: Asked, _now: float) -> Talk:
    """All uplinks of the application, the newest first."""
    before, told = _text(asked.end), set[str]()
    for _ in range(PAGES):
        query = {"after": _text(asked.begin), "before": before, "order": "-received_at", "limit": PAGE}
        path = f"/api/v3/as/applications/{quote(access.scope, safe='')}/packages/storage/uplink_message"
        headers = {"authorization": f"Bearer {access.secret}", "accept": "text/event-stream"}
        found = _lines((yield Call("GET", f"{access.url.rstrip('/')}{path}?{form(query)}", headers)))
        newest, rest = list[bytes](), list[bytes]()
        for up, line in found:
            (rest if up.end_device_ids.dev_eui in told else newest).append(bytes(line))
            told.add(up.end_device_ids.dev_eui)
        for bodies, current in ((newest, True), (rest, False)):
            if bodies:
                yield Found(bodies, current)
        oldest = min([up.received_at for up, _ in found if up.received_at], default="")
        if len(found) < PAGE or not oldest or oldest >= before:
            return "filled"
        before = oldest
    return "latest"


def _text(at: int) -> str:
    return from_micros(at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class _Ids(msgspec.Struct):
    dev_eui: str = ""


class _Up(msgspec.Struct):
    received_at: str = ""
    end_device_ids: _Ids = msgspec.field(default_factory=_Ids)


class _Line(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw()


_LINE, _UP = msgspec.json.Decoder(_Line), msgspec.json.Decoder(_Up)


def _lines(body: bytes) -> list[tuple[_Up, msgspec.Raw]]:
    try:
        lines = [_LINE.decode(line).result for line in body.splitlines() if line.strip()]
        return [(_UP.decode(line), line) for line in lines if bytes(line)]
    except msgspec.MsgspecError:
        raise PlatformSaysNoError(Sentence("refusal.asked.unread")) from None
