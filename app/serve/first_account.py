"""At the start of a hub that others reach: somebody must be able to log in."""

import logging
import sys

from api.login.accounts import FIRST, add_first_account
from hub.access.caller import Caller
from hub.access.logins import Logins
from hub.access.one_time import new_word
from hub.access.passwords import hashed
from hub.backoff import Backoff
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import Pool, sorted_errors
from hub.words import LANGS, text

log = logging.getLogger(__name__)

HUB = Caller("local", "hub serve")


async def first_account(settings: Settings, pool: Pool, logins: Logins, *, terminal: bool) -> None:
    """Make the first account of a hub that others reach, and show its one-time password on the terminal.

    Without a terminal none is made: what is written then is kept in a log, and a password is not for one.
    """
    if settings.api.token is not None:
        log.warning(
            "api.token opens everything, and does not say whose it is: make keys instead (`hub keys add NAME --role "
            "ROLE`), give them to what uses the token, and take it out of the settings"
        )
    if not settings.api.reached_by_others:
        return
    store = Backoff(log, "accounts are read again")
    while not await logins.ready(pool):
        store.failed("whether there is an account cannot be read")
        await store.wait()
    if logins.accounts:
        return
    if terminal:
        await _shown_once(pool)
    else:
        log.warning("nobody can log in: make an account with `hub accounts add admin --role security_administrator`")


async def _shown_once(pool: Pool) -> None:
    """Of several processes that start at once one makes it."""
    password = new_word()
    kept = hashed(password)
    try:
        with sorted_errors():
            async with pool.connection() as conn, conn.transaction():
                made = await add_first_account(conn, HUB, kept)
    except HubError as error:
        log.warning("the first account could not be made: %s; `hub accounts add admin` does it", error)
        return
    if made:
        told = [text("access.first_account", lang, name=FIRST, password=password) for lang in LANGS]
        sys.stderr.write("\n" + "\n".join(told) + "\n\n")
        sys.stderr.flush()
