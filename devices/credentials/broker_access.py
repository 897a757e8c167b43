"""Keeps credentials cached, and syncs mosquitto's dynamic security plugin with the registry."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import psycopg

from devices.broker import BrokerLink
from devices.credentials.directory import Directory
from devices.credentials.dynsec import (
    Account,
    Accounts,
    Dynsec,
    acls_in,
    acls_of,
    done,
    get_role,
    on_account,
    put_role,
    role_names,
    role_of,
    steps,
)
from devices.credentials.rights import grants
from hub.backoff import Backoff, jittered
from hub.errors import BrokerUnavailable, HubError
from hub.lifecycle import Named
from hub.settings import Mqtt, Settings
from hub.store.listen import REGISTRY, listen
from hub.store.named_lock import SQL as CLAIM
from hub.store.pool import Pool, connect, sorted_errors
from hub.store.revision import NOTHING
from hub.store.revision import SQL as REVISION
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often the leader looks whether the broker is back."""
BLINK_S = 0.05
"""How often the connection is looked at: one that ended and came back meanwhile took at least twice as long."""
WHOLE_S = 600.0
"""How often everything is compared: a broker that was reset while nobody looked is noticed then at the latest."""
RETRY_S = 2.0
"""Also how often the others ask for the lead."""
AGAIN_S = 10.0
SLICE = 20
"""Commands until those who issue credentials have a turn; with 10,000 devices the broker takes 0.5 s for each."""
HUB_ROLE = "ganzhi-hub"


def access_tasks(settings: Settings, pool: Pool, directory: Directory, broker: BrokerLink) -> list[Named]:
    """Background tasks by name."""
    changed = asyncio.Event()
    tasks: list[Named] = [
        ("credentials", _keep_fresh(pool, directory, changed)),
        ("credentials changed", listen(settings.database.url, [REGISTRY], lambda *_: changed.set())),
    ]
    if settings.mqtt.access == "dynsec":
        access = BrokerAccess(settings, broker)
        tasks += [("broker access", access.run()), ("broker access watch", access.watch())]
    return tasks


async def _keep_fresh(pool: Pool, directory: Directory, changed: asyncio.Event) -> None:
    """Refresh credentials on change; while the store is down the cached ones stay valid."""
    backoff = Backoff()
    changed.set()
    while True:
        await changed.wait()
        changed.clear()
        try:
            await directory.refresh(pool)
            backoff.succeeded()
        except HubError as error:
            log.debug("credentials stay as they are until the store is back: %s", error)
            changed.set()
            await backoff.wait()


class BrokerAccess:
    """Syncs the plugin; only the leader among the processes on a database does."""

    def __init__(self, settings: Settings, broker: BrokerLink) -> None:
        self._url, self._mqtt = settings.database.url, settings.mqtt
        self._broker, self._dynsec = broker, Dynsec(broker)
        self._there: Accounts | None = None
        """What the broker holds, as far as it is known; None: it has to be asked."""
        self._since = NOTHING
        self._flooding: object = []
        """Ids of devices that the broker was told to keep out, because they flood."""
        self._asked_at = 0.0
        self._lost: dict[str, str] = {}
        """Accounts that the broker has lost, and since when each has had its secret."""
        self._in_line, self._told, self._more = False, False, False

    async def run(self) -> None:
        """Run forever: acquire leadership, then follow the registry."""
        while True:
            try:
                async with await connect(self._url) as conn:
                    await conn.execute(CLAIM.watch)
                    if await _first(conn, SQL.lead):
                        await conn.execute("listen ganzhi_registry")
                        await self._lead(conn)
            except (psycopg.Error, OSError) as error:
                log.debug("the broker is not synchronised until the store is back: %s", error)
            await asyncio.sleep(jittered(RETRY_S))

    async def watch(self) -> None:
        """Run forever: invalidate the known broker state on disconnect; it may come back empty."""
        while True:
            if not self._broker.connected:
                self._there, self._in_line = None, False
            await asyncio.sleep(BLINK_S)

    async def _lead(self, conn: psycopg.AsyncConnection) -> None:
        self._there = None
        while True:
            if self._broker.connected:
                try:
                    await self._follow(conn)
                    while self._more and self._broker.connected:
                        await self._follow(conn)
                except HubError as error:
                    if not self._told:
                        log.warning("the broker's accounts do not match the registry yet: %s", error)
                    self._there, self._in_line, self._told = None, False, True
                    await asyncio.sleep(RETRY_S)
            async for _ in conn.notifies(timeout=LOOK_S, stop_after=1):
                pass

    async def _follow(self, conn: psycopg.AsyncConnection) -> None:
        """Sync on change, with a full comparison from time to time."""
        now = asyncio.get_running_loop().time()
        if self._there is not None and now - self._asked_at > WHOLE_S:
            self._there = None
        settled = self._there is not None and not self._more
        flooding = await _first(conn, SQL.flooding)
        if settled and flooding == self._flooding and not await _first(conn, SQL.moved, since=self._since):
            return
        async with _alone(conn):
            snapshot = await _first(conn, REVISION.snapshot)
            wanted, since = await _wanted(conn, self._mqtt)
            if self._there is None:
                await take_own_role(self._mqtt, self._broker)
                self._there, self._asked_at = await self._dynsec.everything(), now
            else:
                self._there = await self._learnt(self._there, wanted, since)
            commands, lost = steps(self._there, wanted)
            self._more = len(commands) > SLICE
            await self._dynsec.run(commands[:SLICE])
            if self._there is not None:  # the broker has not gone meanwhile
                self._there = done(self._there, commands[:SLICE])
            self._tell(lost, since)
            self._since, self._flooding = str(snapshot), flooding
        if not self._in_line and not self._more:
            log.info("the broker's accounts match the registry")
            self._in_line, self._told = True, False

    async def _learnt(self, there: Accounts, wanted: Accounts, since: dict[str, str]) -> Accounts:
        """Broker state including changes by other processes, which create accounts before committing them."""
        new = [n for n in wanted.accounts if n not in there.accounts and self._lost.get(n) != since[n]]
        if not new:
            return there
        roles = {wanted.accounts[name].role for name in new} - there.roles.keys()
        found = await self._dynsec.some(new, sorted(roles))
        return Accounts(there.roles | found.roles, there.accounts | found.accounts)

    def _tell(self, lost: list[str], since: dict[str, str]) -> None:
        """Log once what cannot be repaired automatically."""
        if lost and set(lost) - self._lost.keys():
            log.error("%s", lost_accounts(lost))
        self._lost = {name: since[name] for name in lost}


async def take_own_role(mqtt: Mqtt, broker: BrokerLink) -> None:
    """Grant the hub's own account access to all device topics; the first grant drops its connections once."""
    dynsec, prefix, username = Dynsec(broker), mqtt.prefix, str(mqtt.username)
    acls = frozenset((kind, f"{prefix}/#", 0, True) for kind in ("publishClientSend", "subscribePattern"))
    client, role = await dynsec.ask([on_account("getClient", username), get_role(HUB_ROLE)])
    there = "data" in role
    if not there or acls_in(role["data"]["role"]) != acls:
        await dynsec.run([put_role(HUB_ROLE, acls, there=there)])
    if HUB_ROLE in role_names(client.get("data", {}).get("client", {})):
        return
    adding = dynsec.run([on_account("addClientRole", username, rolename=HUB_ROLE)])
    if await _before_the_end(adding, broker):
        return
    try:
        async with asyncio.timeout(AGAIN_S):
            while not broker.connected:  # noqa: ASYNC110 the link has no event for it
                await asyncio.sleep(BLINK_S)
    except TimeoutError:
        raise BrokerUnavailable("the hub has just got its role, and is not connected again") from None


async def _before_the_end(work: Coroutine[Any, Any, None], broker: BrokerLink) -> bool:
    """Do it; False when the connection ends meanwhile: its answer went to that one."""

    async def watch() -> None:
        while broker.connected:  # noqa: ASYNC110 the link has no event for it
            await asyncio.sleep(BLINK_S)
        raise BrokerUnavailable("the connection ended")

    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(), name="broker access.connected")
            await work
            watching.cancel()
    except ExceptionGroup as group_of_errors:
        if (others := group_of_errors.split(BrokerUnavailable)[1]) is not None:
            raise others.exceptions[0] from None
        return False
    return True


def lost_accounts(lost: list[str]) -> str:
    """Message and remedy for accounts missing on the broker."""
    some = ", ".join(lost[:5]) + (", ..." if len(lost) > 5 else "")
    return (
        f"the broker has lost the accounts of {len(lost)} devices ({some}), and their passwords are kept nowhere else: "
        "bring back its dynamic-security.json from a backup, or give them new secrets (hub devices credential rotate "
        "CODE)"
    )


async def _wanted(conn: psycopg.AsyncConnection, mqtt: Mqtt) -> tuple[Accounts, dict[str, str]]:
    """Desired broker state, and when each account's secret was set."""
    roles, accounts, since = {}, {}, {}
    for code, active, children, username, kind, bound, changed in await (await conn.execute(SQL.wanted)).fetchall():
        role = role_of(code)
        if role not in roles:
            roles[role] = acls_of(grants(code, children, mqtt.prefix))
        if active or kind != "x509":  # the plugin lets a certificate in whether its account is enabled or not
            client_id = username if bound or mqtt.bind_client_ids else None
            accounts[username], since[username] = Account(role, active, kind != "x509", client_id), changed
    return Accounts(roles, accounts), since


@asynccontextmanager
async def _alone(conn: psycopg.AsyncConnection) -> AsyncIterator[None]:
    """Holds off while another process creates accounts that are not yet committed."""
    await conn.execute(SQL.clear)
    try:
        yield
    finally:
        await conn.execute(SQL.cleared)


async def _first(conn: psycopg.AsyncConnection, statement: str, **params: str) -> object:
    row = await (await conn.execute(statement, params or None)).fetchone()
    return None if row is None else row[0]


def unbound_accounts(unbound: list[str]) -> str:
    """Message for accounts that may use any client id."""
    some = ", ".join(unbound[:5]) + (", ..." if len(unbound) > 5 else "")
    return f"{len(unbound)} accounts of devices may use any client id, also that of the hub or of each other ({some})"


async def unbound_credentials(url: str) -> list[str]:
    """User names of credentials that were issued for any client id; for `hub check` of a broker that asks."""
    with sorted_errors():
        async with await connect(url) as conn:
            return [str(row[0]) for row in await (await conn.execute(SQL.unbound)).fetchall()]


class Compared(NamedTuple):
    """What the comparison of the broker's accounts with the registry cannot mend."""

    lost: list[str]
    """Accounts missing on the broker that cannot be recreated."""
    unbound: list[str]
    """Accounts with a password that may use any client id: the hub's, for one."""
    certificates: int
    """Accounts of certificates: the plugin does not check what client id they use."""


async def compared(url: str, mqtt: Mqtt, dynsec: Dynsec) -> Compared:
    """The broker's accounts as they are; for `hub check`."""
    with sorted_errors():
        async with await connect(url) as conn:
            wanted, _ = await _wanted(conn, mqtt)
    there = await dynsec.everything()
    secret = {name for name, account in wanted.accounts.items() if account.secret}
    unbound = sorted(name for name, account in there.accounts.items() if name in secret and account.client_id is None)
    return Compared(steps(there, wanted)[1], unbound, len(wanted.accounts) - len(secret))
