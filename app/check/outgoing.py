"""`hub check` for outgoing calls: consumers whose deliveries the guard refuses, with the line to add."""

import asyncio
from collections.abc import AsyncIterator

from api.push.address import BadAddressError
from api.push.kinds import endpoint
from app.check.finding import Finding
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)
ANSWER_S = 5.0


async def check_outgoing(settings: Settings) -> AsyncIterator[Finding]:
    """Findings about the consumers; nothing is called, but names are resolved."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                consumers = await (await conn.execute(SQL.consumers_called)).fetchall()
    except HubError:
        return  # the database's own findings say so
    outgoing, refused = Outgoing(settings), 0
    for code, kind, url in consumers:
        what, advice = await _refusal(outgoing, kind, url)
        if what:
            refused += 1
            yield Finding("fail" if advice else "warn", f"consumer {code}: {what}", advice)
    if consumers and not refused:
        yield Finding("ok", f"consumers: the addresses of all {len(consumers)} may be called")


async def _refusal(outgoing: Outgoing, kind: str, url: str) -> tuple[str, str]:
    """What is wrong, and what to do; a name that cannot be resolved now is a warning without advice."""
    try:
        called = endpoint(kind, url)
        async with asyncio.timeout(ANSWER_S):
            await outgoing.addresses(*called)
    except OutgoingRefused as error:
        return (
            error.sentence,
            "its alerts wait for 24 hours and are then given up: see docs/ALERTS.md, Where the hub may call",
        )
    except BadAddressError as error:
        return error.sentence, "set its url"
    except OSError as error:  # TimeoutError, too
        return f"its name is not known: {error or 'no answer'}", ""
    return "", ""
