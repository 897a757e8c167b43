"""mosquitto's dynamic security plugin: diff of actual and desired state, and the commands to close it.

Measured with 2.0.11: it writes its whole file at each command, about 1.1 kB a device, and serves nobody meanwhile.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any, NamedTuple

from devices.broker import BrokerLink
from devices.credentials.rights import Grants
from hub.errors import BrokerRefused, BrokerUnavailable

CONTROL = "$CONTROL/dynamic-security/v1"
RESPONSE = CONTROL + "/response"
ANSWER_S = 10.0
AT_ONCE = 10
"""Commands in a message: between two messages the broker serves others."""
PAGE = 200
"""Accounts or roles in an answer: about 200 kB, well within a packet of the shipped broker."""
OWN = "device:"
"""What roles of devices begin with; accounts and roles of others are left alone."""

Command = dict[str, Any]
Acl = tuple[str, str, int, bool]
"""Type, topic, priority, whether allowed."""


class Account(NamedTuple):
    """A device's account on the broker."""

    role: str
    enabled: bool
    secret: bool = True
    """Whether it has a password, which only the broker knows; known to the wish, not to the broker's lists."""
    client_id: str | None = None
    """The only client id that it may use; None: any, or (wished) whatever it is."""


class Accounts(NamedTuple):
    """The accounts and roles on a broker, actual or desired."""

    roles: dict[str, frozenset[Acl]]
    accounts: dict[str, Account]
    """By user name."""


def role_of(code: str) -> str:
    """The name of a device's role."""
    return OWN + code


def acls_of(granted: Grants) -> frozenset[Acl]:
    """ACLs in the plugin's format. Revoked rights also stop delivery on existing subscriptions."""
    publish = [("publishClientSend", topic, 0, True) for topic in granted.publish]
    listen = [("subscribePattern", topic, 0, True) for topic in granted.subscribe]
    receive = [("publishClientReceive", topic, 1, True) for topic in granted.subscribe]
    return frozenset([*publish, *listen, *receive, ("publishClientReceive", "#", 0, False)])


def put_role(name: str, acls: frozenset[Acl], *, there: bool) -> Command:
    """Create a role or replace its ACLs; its clients stay connected."""
    listed = [dict(zip(("acltype", "topic", "priority", "allow"), acl, strict=True)) for acl in sorted(acls)]
    return {"command": "modifyRole" if there else "createRole", "rolename": name, "acls": listed}


def put_account(username: str, role: str, secret: str | None, client_id: str | None = None) -> Command:
    """Create an account; without a secret only a certificate of that name can log in, without a client id any may."""
    given = {"password": secret, "clientid": client_id}
    more = {name: value for name, value in given.items() if value is not None}
    return {"command": "createClient", "username": username, "roles": [{"rolename": role}], **more}


def get_role(name: str) -> Command:
    """Query a role."""
    return {"command": "getRole", "rolename": name}


def on_account(command: str, username: str, **more: Any) -> Command:
    """enableClient, disableClient, deleteClient, setClientPassword, setClientId; all but the first drop connections."""
    return {"command": command, "username": username, **more}


def steps(there: Accounts, wanted: Accounts) -> tuple[list[Command], list[str]]:
    """Commands that reach the desired state, and accounts that cannot be recreated (passwords unknown)."""
    lost = sorted(name for name, account in wanted.accounts.items() if account.secret and name not in there.accounts)
    kept = {name: account for name, account in wanted.accounts.items() if name in there.accounts or not account.secret}
    needed = {account.role for account in kept.values()}
    commands = [on_account("deleteClient", name) for name in there.accounts if name not in kept]
    other = [role for role in sorted(needed) if there.roles.get(role) != wanted.roles[role]]
    commands += [put_role(role, wanted.roles[role], there=role in there.roles) for role in other]
    for name, account in kept.items():
        before = there.accounts.get(name)
        if before is None:
            commands.append(put_account(name, account.role, None, account.client_id))
            continue
        if account.client_id not in (None, before.client_id):
            commands.append(on_account("setClientId", name, clientid=account.client_id))
        if before.role != account.role:
            commands.append(on_account("modifyClient", name, roles=[{"rolename": account.role}]))
        if before.enabled != account.enabled:
            commands.append(on_account("enableClient" if account.enabled else "disableClient", name))
    commands += [{"command": "deleteRole", "rolename": role} for role in there.roles if role not in needed]
    return commands, lost


def done(there: Accounts, commands: Sequence[Command]) -> Accounts:
    """Broker state after applying some of the commands."""
    roles, accounts = dict(there.roles), dict(there.accounts)
    for command in commands:
        kind, role, name = command["command"], command.get("rolename", ""), command.get("username", "")
        if kind in ("createRole", "modifyRole"):
            roles[role] = acls_in(command)
        elif kind == "deleteRole":
            roles.pop(role, None)
        elif kind == "deleteClient":
            accounts.pop(name, None)
        elif kind == "createClient":
            accounts[name] = Account(role_names(command)[0], True, client_id=command.get("clientid"))
        elif kind == "setClientId":
            accounts[name] = accounts[name]._replace(client_id=command["clientid"])
        elif kind == "modifyClient":
            accounts[name] = accounts[name]._replace(role=role_names(command)[0])
        elif kind in ("enableClient", "disableClient"):
            accounts[name] = accounts[name]._replace(enabled=kind == "enableClient")
    return Accounts(roles, accounts)


class Dynsec:
    """Client for the plugin, over a link to the broker."""

    def __init__(self, broker: BrokerLink) -> None:
        self._broker = broker

    async def ask(self, commands: Sequence[Command]) -> list[dict[str, Any]]:
        """Send commands and return each response's `data` or `error`; BrokerUnavailable on timeout."""
        answers: list[dict[str, Any]] = []
        async with self._broker.heard(RESPONSE) as heard:
            for start in range(0, len(commands), AT_ONCE):
                mark = token_hex(8)
                some = [{**command, "correlationData": mark} for command in commands[start : start + AT_ONCE]]
                await self._broker.publish(CONTROL, json.dumps({"commands": some}).encode())
                try:
                    async with asyncio.timeout(ANSWER_S):
                        async for _, payload in heard:
                            found = json.loads(payload).get("responses", [])
                            if found and found[0].get("correlationData") == mark:
                                answers += found
                                break
                except TimeoutError:
                    raise BrokerUnavailable(
                        f"its dynamic security plugin gave no answer within {ANSWER_S:.0f} s: is it loaded, and may "
                        f"the hub's account use {CONTROL}?"
                    ) from None
        return answers

    async def run(self, commands: Sequence[Command]) -> None:
        """Run all commands; "already exists" and "not found" count as success, others raise BrokerRefused."""
        for command, answer in zip(commands, await self.ask(commands), strict=True):
            error = answer.get("error")
            if error is not None and not (exists(error) or gone(error)):
                raise BrokerRefused(f"{command['command']} {command.get('username', command.get('rolename'))}: {error}")

    async def admit(self, username: str, secret: str | None, role: str, acls: frozenset[Acl], *, enabled: bool) -> None:
        """Create an account with its role, bound to its name as client id, replacing leftovers of a failed attempt.

        BrokerRefused when the name belongs to an account that is no device's.
        """
        account = put_account(username, role, secret, username)
        made, added = await self.ask([put_role(role, acls, there=False), account])
        if exists(made.get("error")):
            await self.run([put_role(role, acls, there=True)])
        if exists(added.get("error")):
            [found] = await self.ask([on_account("getClient", username)])
            if not _own_roles(found.get("data", {}).get("client", {})):
                raise BrokerRefused(f"the broker has an account {username!r} that is not of the hub's making")
            await self.run([on_account("deleteClient", username), account])
        elif error := added.get("error"):
            raise BrokerRefused(f"createClient {username}: {error}")
        if not enabled:
            await self.run([on_account("disableClient", username)])

    async def change_secret(self, username: str, secret: str) -> bool:
        """Change a password and drop existing connections; False when there is no such account."""
        [answer] = await self.ask([on_account("setClientPassword", username, password=secret)])
        if error := answer.get("error"):
            if gone(error):
                return False
            raise BrokerRefused(f"setClientPassword {username}: {error}")
        return True

    async def everything(self) -> Accounts:
        """All device roles and accounts on the broker."""
        roles = {role["rolename"]: acls_in(role) for role in await self._list("listRoles", "roles")}
        accounts = await self._list("listClients", "clients")
        return Accounts({name: acls for name, acls in roles.items() if name.startswith(OWN)}, _accounts(accounts))

    async def some(self, usernames: Sequence[str], roles: Sequence[str]) -> Accounts:
        """The given accounts and roles, as far as they exist on the broker."""
        asked = [on_account("getClient", name) for name in usernames] + [get_role(name) for name in roles]
        found = [answer["data"] for answer in await self.ask(asked) if "data" in answer]
        listed = {role["rolename"]: acls_in(role) for data in found if (role := data.get("role"))}
        return Accounts(listed, _accounts([data["client"] for data in found if "client" in data]))

    async def _list(self, command: str, what: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            [answer] = await self.ask([{"command": command, "verbose": True, "count": PAGE, "offset": len(found)}])
            if error := answer.get("error"):
                raise BrokerRefused(f"{command}: {error}")
            data = answer["data"]
            found += data[what]
            if not data[what] or len(found) >= data["totalCount"]:
                return found


def exists(error: str | None) -> bool:
    """Whether an error means "already exists"."""
    return error is not None and "already exists" in error


def gone(error: str | None) -> bool:
    """Whether an error means "not found"."""
    return error is not None and ("not found" in error or "does not exist" in error)


def _accounts(clients: Sequence[Mapping[str, Any]]) -> dict[str, Account]:
    return {
        client["username"]: Account(
            role_names(client)[0], not client.get("disabled", False), client_id=client.get("clientid")
        )
        for client in clients
        if _own_roles(client)
    }


def _own_roles(client: Mapping[str, Any]) -> bool:
    roles = role_names(client)
    return bool(roles) and all(role.startswith(OWN) for role in roles)


def role_names(client: Mapping[str, Any]) -> list[str]:
    """Role names in the plugin's description of an account."""
    return [role["rolename"] for role in client.get("roles") or []]


def acls_in(role: Mapping[str, Any]) -> frozenset[Acl]:
    """ACLs in the plugin's description of a role."""
    acls = role.get("acls") or []
    return frozenset((acl["acltype"], acl["topic"], acl.get("priority", 0), acl.get("allow", False)) for acl in acls)
