"""Alert consumers and their delivery status."""

import secrets
from base64 import b64encode
from typing import Any
from urllib.parse import unquote, urlsplit

from fastapi import Response
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from api.context import Context, Here
from api.contract_types import Code
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import audit, execute, read, row, rows, writing
from api.language import Spoken, failure_in
from api.problems import ProblemError, invalid, not_found, responses
from api.push.kinds import KINDS, KindName, endpoint
from api.push.signature import PREFIX
from api.routes.consumer_body import Consumer, ConsumerBody, PutConsumer
from api.routes.consumer_cases import check_cases
from api.routes.consumer_cases import shown as shown_cases
from api.routes.consumer_cases import stored as stored_cases
from api.routes.consumer_filters import shown as shown_filters
from api.routes.consumer_filters import single
from api.routes.consumer_filters import stored as stored_filters
from api.routes.consumer_followed import check_followed
from api.routes.consumer_quiet import shown as shown_quiet
from api.routes.consumer_quiet import stored as stored_quiet
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.outgoing import Outgoing, OutgoingRefused
from hub.access.permissions import Permission
from hub.access.shown_url import HIDDEN
from hub.alerts.grouping import ungroup
from hub.alerts.routing import OWN
from hub.secrets.login_place import login_place
from hub.secrets.sealed import Place, Secrets, SecretUnreadable
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/consumers", tags=["consumers"])
_KEYS = {"code": str}
FORGOTTEN_AT_ONCE = 10_000
"""Deliveries of a consumer that are deleted in a transaction."""


@router.put("/{code}", response_model=PutConsumer, responses={201: {"model": PutConsumer}, **responses(409, 422)})
@needs(Permission.CONSUMERS_WRITE)
async def put_consumer(
    code: Code, body: ConsumerBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Create or replace a consumer; without a secret that of its kind is kept. A pause that it asked for ends."""
    if code == OWN:
        raise ProblemError(409, Sentence("refusal.consumer.reserved", code=code).told(spoken))
    kind = KINDS[body.kind]
    fresh = PREFIX + b64encode(secrets.token_bytes(32)).decode() if kind.signed else ""
    receipts = secrets.token_urlsafe(32) if body.settings.get("receipt") else ""
    given = body.secret.get_secret_value() if body.secret else None
    url, _, given_query = kind.parse(body.url)
    if kind.followed and body.grouping is not None:
        raise invalid("/grouping", f"a consumer of kind {body.kind} follows the log and is told singly: leave it out")
    if not kind.followed:
        _check_outgoing(context, body.kind, url)
    elif body.kind == "kafka" and context.settings.kafka.servers is None:
        raise invalid("/kind", Sentence("refusal.kind.kafka"))
    shown = body.model_dump(exclude={"secret", "password"}) | {"url": url, "lang": body.lang or kind.lang}
    vault = Secrets(context.settings.secrets)
    async with writing(context) as conn:
        # First: it may wait for writers of the registry, while no row is held that others wait for.
        filters = await _filters(conn, body, context.settings.alerts.border_m)
        if kind.followed:
            await check_followed(conn, code, body.kind, body.settings)
        await check_cases(conn, body.cases, spoken)
        cases = stored_cases(body.cases)
        login = await _login(conn, vault, code, url, body.login())
        fallback = await _fallback(conn, code, body)
        values = {
            **shown,
            "code": code,
            "filters": Jsonb(filters),
            "quiet": Jsonb(stored_quiet(body.quiet)),
            "cases": None if cases is None else Jsonb(cases),
            "case_system": body.cases and body.cases.system,
            "grouping": None if body.grouping is None else Jsonb(body.grouping.model_dump()),
            "fallback": fallback,
            "usual_ceiling": kind.ceiling,
            "settings": Jsonb(body.settings),
            "prove_within_h": body.proving(),
        }
        query = await _query(conn, vault, code, url, given_query)
        values |= {
            "query": None if query is None else vault.seal(login_place(code, url, "query"), query),
            "login": None if login is None else vault.seal(login_place(code, url), login),
            "secret": None if given is None else vault.seal(Place("consumer", "secret", code), given),
            "fresh_secret": vault.seal(Place("consumer", "secret", code), fresh),
            "receipt_secret": vault.seal(Place("consumer", "receipt_secret", code), receipts) if receipts else None,
        }
        if body.grouping is None and await row(conn, SQL.consumer_groups, {"code": code}):
            await ungroup(conn, code)
        written = await row(conn, SQL.consumer_put, values)
        await execute(conn, SQL.consumer_quiet_over, {"code": code})
        if kind.followed:
            await execute(conn, SQL.consumer_follows, {"code": code})
        created = bool(written and written["created"])
        await audit(
            conn,
            caller,
            "consumer.put",
            code,
            # Settings by name: they may hold people's addresses, which the audit would keep.
            shown | {"url": url.partition("?")[0], "username": _username(login), "settings": sorted(body.settings)},
        )
        response.status_code = 201 if created else 200
        made_up = fresh if written and written["made_up"] and fresh else None
        told = receipts if written and written["receipts_begin"] else None
        return {**await _consumer(conn, vault, code, spoken), "secret": made_up, "receipt_secret": told or None}


def _check_outgoing(context: Context, kind: KindName, url: str) -> None:
    """Refuse an address that would never be called; what a name leads to is judged at each delivery."""
    try:
        Outgoing(context.settings).check_literal(*endpoint(kind, url))
    except OutgoingRefused as error:
        raise invalid("/url", error.sentence) from error


async def _fallback(conn: AsyncConnection, code: str, body: ConsumerBody) -> bool:
    """Whether the consumer is to be the fallback; the one that was is relieved."""
    found = await row(conn, SQL.fallback)
    is_it = found is not None and found["code"] == code
    if is_it and body.fallback is False:
        raise ProblemError(409, f"'{code}' is the fallback consumer: make another one the fallback instead")
    if not (is_it if body.fallback is None else body.fallback):
        return False
    if not body.enabled:
        raise ProblemError(409, f"'{code}' is the fallback consumer, never switched off: make another one it first")
    if body.owner is not None:
        raise invalid("/owner", "the fallback consumer is the whole hub's: it gets what nobody else gets")
    if KINDS[body.kind].followed:
        raise invalid("/kind", f"a consumer of kind {body.kind} does not say that somebody has it: choose another kind")
    await execute(conn, SQL.fallback_relieved, {"code": code})
    return True


async def _filters(conn: AsyncConnection, body: ConsumerBody, border_m: float) -> list[dict[str, Any]]:
    """The filters to store. The areas that they name are there, and stay; organisations are made."""
    wanted = body.subscribed()
    if areas := {each.area for each in wanted if each.area is not None}:
        await row(conn, DATABASE.registry_lock)
        there = {found["code"] for found in await rows(conn, SQL.areas, {"codes": sorted(areas)})}
        for number, each in enumerate(wanted):
            if each.area is not None and each.area not in there:
                pointer = "/area" if body.filters is None else f"/filters/{number}/area"
                raise invalid(pointer, f"there is no area '{each.area}'; hub areas list shows those that there are")
    if body.owner is not None and not await rows(conn, SQL.owner, {"code": body.owner}):
        raise invalid("/owner", f"there is no organisation '{body.owner}': create it first, or correct the code")
    organisations = {each.organisation for each in wanted}
    await execute(conn, DATABASE.organisations_add, {"codes": sorted(code for code in organisations if code)})
    return stored_filters(wanted, border_m)


async def _login(conn: AsyncConnection, vault: Secrets, code: str, url: str, given: str | None) -> str | None:
    """The login to store: a known password stays with its username, and goes to no other host."""
    if given is None or ":" in given:
        return given
    known = await row(conn, SQL.consumer_login, {"code": code})
    if known is None or known["login"] is None:
        return given
    try:
        login = vault.open(login_place(code, known["url"]), known["login"])
    except SecretUnreadable as error:
        raise invalid("/password", error.sentence) from error
    if _username(login) != unquote(given) or ":" not in login:
        return given
    if urlsplit(known["url"])[:2] != urlsplit(url)[:2]:
        raise invalid("/password", "the password is kept for the former host only: give it again")
    return login


async def _query(conn: AsyncConnection, vault: Secrets, code: str, url: str, given: str | None) -> str | None:
    """The query to store: HIDDEN keeps the known one, which goes to no other host."""
    if given != HIDDEN:
        return given
    known = await row(conn, SQL.consumer_login, {"code": code})
    if known is None or known["query"] is None or urlsplit(known["url"])[:2] != urlsplit(url)[:2]:
        raise invalid("/url", "the query is kept for the former host only: give it again")
    try:
        return vault.open(login_place(code, known["url"], "query"), known["query"])
    except SecretUnreadable as error:
        raise invalid("/url", error.sentence) from error


def _username(login: str | None) -> str | None:
    return None if login is None else unquote(login.partition(":")[0])


@router.get("", response_model=Page[Consumer])
@needs(Permission.CONSUMERS_READ)
async def list_consumers(paging: Paged, context: Here, spoken: Spoken) -> Any:
    """Consumers by code, with the state of their deliveries."""
    found = await read(context, SQL.consumers, {"code": None, **paging.after(_KEYS)})
    vault = Secrets(context.settings.secrets)
    return paging.page([_shown(each, vault, spoken) for each in found], _KEYS)


@router.get("/{code}", response_model=Consumer, responses=responses(404))
@needs(Permission.CONSUMERS_READ)
async def get_consumer(code: Code, context: Here, spoken: Spoken) -> Any:
    """One consumer."""
    async with context.pool.connection() as conn:
        return await _consumer(conn, Secrets(context.settings.secrets), code, spoken)


@router.delete("/{code}", response_model=Consumer, responses=responses(404, 409))
@needs(Permission.CONSUMERS_WRITE)
async def delete_consumer(code: Code, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Delete a consumer with its deliveries, pending ones too; returned as it was. To keep them, PUT enabled false."""
    async with writing(context) as conn:
        was = await _consumer(conn, Secrets(context.settings.secrets), code, spoken)
        if was["fallback"]:
            raise ProblemError(409, f"'{code}' is the fallback consumer: make another one the fallback, then delete it")
        if chain := await row(conn, SQL.consumer_chain, {"code": code}):
            raise ProblemError(409, Sentence("refusal.chain.keeps", code=code, chain=chain["code"]).told(spoken))
        await execute(conn, SQL.consumer_disable, {"code": code})
        await audit(
            conn, caller, "consumer.delete", code, {"url": was["url"].partition("?")[0], "pending": was["pending"]}
        )
    # What new alerts wait for is held by the last statement alone, which has little left to delete.
    while await read(context, SQL.consumer_forget, {"code": code, "limit": FORGOTTEN_AT_ONCE}):
        continue
    async with writing(context) as conn:
        await execute(conn, SQL.consumer_delete, {"code": code})
    return was


async def _consumer(conn: AsyncConnection, vault: Secrets, code: str, lang: Lang) -> dict[str, Any]:
    found = await row(conn, SQL.consumers, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("consumer", code)
    return _shown(found, vault, lang)


def _shown(found: dict[str, Any], vault: Secrets, lang: Lang) -> dict[str, Any]:
    """A row as it may be shown: no password, and the last error in a language."""
    stored = found.pop("login")
    try:
        login = None if stored is None else vault.open(login_place(found["code"], found["url"]), stored)
    except SecretUnreadable:  # `hub check` and the failure of its deliveries say so
        login = None
    filters = shown_filters(found["filters"])
    kept = {"filters": filters, "quiet": shown_quiet(found["quiet"])}
    cases = shown_cases(found["cases"], found.pop("case_system"))
    told = {**found, **single(filters), **kept, "cases": cases, "username": _username(login)}
    return failure_in(lang, told)
