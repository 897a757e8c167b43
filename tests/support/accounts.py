"""Accounts of tests: made in the database as the command line makes them, and browsers that log in."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpx
import pyotp
from argon2 import PasswordHasher
from fastapi import FastAPI

from api.context import Context
from api.granting import Wanted, grant
from api.login.accounts import add_account
from api.login.keys import add_key
from hub.access.caller import Caller
from hub.access.roles import Role
from tests.support.served_api import PREFIX

COMMAND_LINE = Caller("local", "command line")
PASSWORD = "rain on the third pole"
ADDRESS = "10.1.2.3"


@cache
def password_hash(password: str = PASSWORD) -> str:
    """As the hub makes it, but in no time: a hash says itself how dear it is."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


async def person(context: Context, name: str, *roles: Role, settled: bool = True, **limits: Any) -> None:
    """An account with PASSWORD, which it need not change if it is settled."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        id_ = await add_account(conn, COMMAND_LINE, name, password_hash(), "", None)
        for role in roles:
            await grant(conn, COMMAND_LINE, name, Wanted(role, **limits))
        await conn.execute("update account set must_change = %s where principal_id = %s", (not settled, id_))
    await context.logins.refresh(context.hub_pool)


async def machine(context: Context, name: str, *roles: Role, **limits: Any) -> str:
    """A key of a machine."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        _, key = await add_key(conn, COMMAND_LINE, name, "", None)
        for role in roles:
            await grant(conn, COMMAND_LINE, name, Wanted(role, **limits))
    await context.logins.refresh(context.hub_pool)
    return key


@asynccontextmanager
async def browser(app: FastAPI, address: str = ADDRESS, scheme: str = "http") -> AsyncIterator[httpx.AsyncClient]:
    """A client with cookies of its own, which sends what a browser sends."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1234))
    headers = {"Sec-Fetch-Site": "same-origin"}
    base = f"{scheme}://hub.example{PREFIX}"
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as client:
        yield client


async def log_in(
    client: httpx.AsyncClient, name: str, password: str = PASSWORD, code: str | None = None
) -> httpx.Response:
    """Log in."""
    return await client.post("/session", json={"name": name, "password": password, "code": code})


async def who(client: httpx.AsyncClient) -> dict[str, Any]:
    """Who the hub takes it for."""
    return dict((await client.get("/session")).json())


def code_of(secret: str, steps: int = 0) -> str:
    """What an authenticator shows now, or so many steps later."""
    return pyotp.TOTP(secret).generate_otp(int(time.time()) // 30 + steps)
