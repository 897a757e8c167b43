"""Alert consumers and their delivery status."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple
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
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
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
    url, _, query = kind.parse(body.url)
    _check_kind(context, body, url)
    lang = body.lang or context.settings.alerts.lang or kind.lang
    shown = body.model_dump(exclude={"secret", "password"}) | {"url": url, "lang": lang}
    keep = _Keep(code, url, Secrets(context.settings.secrets))
    made = _Made.of(body)
    async with writing(context) as conn:
        # First: it may wait for writers of the registry, while no row is held that others wait for.
        filters = await _filters(conn, body, context.settings.alerts.border_m)
        if kind.followed:
            await check_followed(conn, code, body.kind, body.settings)
        await check_cases(conn, body.cases, spoken)
        login = await _login(conn, keep, body.login())
        values = {
            **shown,
            **_stored(body),
            "code": code,
            "filters": Jsonb(filters),
            "fallback": await _fallback(conn, code, body),
            **keep.sealed(await _query(conn, keep, query), login, body, made),
        }
        if body.grouping is None and await row(conn, SQL.consumer_groups, {"code": code}):
            await ungroup(conn, code)
        written = await row(conn, SQL.consumer_put, values) or {}
        await execute(conn, SQL.consumer_quiet_over, {"code": code})
        if kind.followed:
            await execute(conn, SQL.consumer_follows, {"code": code})
        # Settings by name: they may hold people's addresses, which the audit would keep.
        noted = {"url": url.partition("?")[0], "username": _username(login), "settings": sorted(body.settings)}
        await audit(conn, caller, "consumer.put", code, shown | noted)
        response.status_code = 201 if written.get("created") else 200
        told = await _consumer(conn, keep.vault, code, spoken)
    return {**told, **made.told(written)}


class _Made(NamedTuple):
    """Secrets that are made up, for a consumer that has none; empty: its kind needs none."""

    secret: str
    receipt_secret: str

    @classmethod
    def of(cls, body: ConsumerBody) -> "_Made":
        """Those of a kind."""
        secret = PREFIX + b64encode(secrets.token_bytes(32)).decode() if KINDS[body.kind].signed else ""
        return cls(secret, secrets.token_urlsafe(32) if body.settings.get("receipt") else "")

    def told(self, written: Mapping[str, Any]) -> dict[str, str | None]:
        """Those that were stored now, which is the only time that they are told."""
        return {
            "secret": (written.get("made_up") and self.secret) or None,
            "receipt_secret": (written.get("receipts_begin") and self.receipt_secret) or None,
        }


class _Keep(NamedTuple):
    """Where the secrets of a consumer are kept."""

    code: str
    url: str
    vault: Secrets

    def sealed(self, query: str | None, login: str | None, body: ConsumerBody, made: _Made) -> dict[str, str | None]:
        """The columns of its secrets."""
        given = body.secret.get_secret_value() if body.secret else None
        return {
            "query": self._seal(login_place(self.code, self.url, "query"), query),
            "login": self._seal(login_place(self.code, self.url), login),
            "secret": self._seal(Place("consumer", "secret", self.code), given),
            "fresh_secret": self._seal(Place("consumer", "secret", self.code), made.secret),
            "receipt_secret": self._seal(Place("consumer", "receipt_secret", self.code), made.receipt_secret or None),
        }

    def _seal(self, place: Place, value: str | None) -> str | None:
        return None if value is None else self.vault.seal(place, value)


def _check_kind(context: Context, body: ConsumerBody, url: str) -> None:
    """Refuse what a kind does not allow."""
    kind = KINDS[body.kind]
    if kind.followed and body.grouping is not None:
        raise invalid("/grouping", Sentence("refusal.consumer.singly", kind=body.kind))
    if not kind.followed:
        _check_outgoing(context, body.kind, url)
    elif body.kind == "kafka" and context.settings.kafka.servers is None:
        raise invalid("/kind", Sentence("refusal.kind.kafka"))


def _stored(body: ConsumerBody) -> dict[str, Any]:
    """The columns that are stored in another form than they are told."""
    cases = stored_cases(body.cases)
    return {
        "cases": None if cases is None else Jsonb(cases),
        "case_system": body.cases and body.cases.system,
        "quiet": Jsonb(stored_quiet(body.quiet)),
        "grouping": None if body.grouping is None else Jsonb(body.grouping.model_dump()),
        "usual_ceiling": KINDS[body.kind].ceiling,
        "settings": Jsonb(body.settings),
        "prove_within_h": body.proving(),
    }


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
        raise ProblemError(409, Sentence("refusal.consumer.stays_fallback", code=code))
    if not (is_it if body.fallback is None else body.fallback):
        return False
    if not body.enabled:
        raise ProblemError(409, Sentence("refusal.consumer.fallback_off", code=code))
    if body.owner is not None:
        raise invalid("/owner", Sentence("refusal.consumer.fallback_owner"))
    if KINDS[body.kind].followed:
        raise invalid("/kind", Sentence("refusal.consumer.fallback_kind", kind=body.kind))
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
                raise invalid(pointer, Sentence("refusal.consumer.area", code=each.area))
    if body.owner is not None and not await rows(conn, SQL.owner, {"code": body.owner}):
        raise invalid("/owner", Sentence("refusal.consumer.organisation", code=body.owner))
    organisations = {each.organisation for each in wanted}
    await execute(conn, DATABASE.organisations_add, {"codes": sorted(code for code in organisations if code)})
    return stored_filters(wanted, border_m)


async def _login(conn: AsyncConnection, keep: _Keep, given: str | None) -> str | None:
    """The login to store: a known password stays with its username, and goes to no other host."""
    if given is None or ":" in given:
        return given
    known = await row(conn, SQL.consumer_login, {"code": keep.code})
    if known is None or known["login"] is None:
        return given
    try:
        login = keep.vault.open(login_place(keep.code, known["url"]), known["login"])
    except SecretUnreadable as error:
        raise invalid("/password", error.sentence) from error
    if _username(login) != unquote(given) or ":" not in login:
        return given
    if urlsplit(known["url"])[:2] != urlsplit(keep.url)[:2]:
        raise invalid("/password", Sentence("refusal.consumer.password"))
    return login


async def _query(conn: AsyncConnection, keep: _Keep, given: str | None) -> str | None:
    """The query to store: HIDDEN keeps the known one, which goes to no other host."""
    if given != HIDDEN:
        return given
    known = await row(conn, SQL.consumer_login, {"code": keep.code})
    if known is None or known["query"] is None or urlsplit(known["url"])[:2] != urlsplit(keep.url)[:2]:
        raise invalid("/url", Sentence("refusal.consumer.query"))
    try:
        return keep.vault.open(login_place(keep.code, known["url"], "query"), known["query"])
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
            raise ProblemError(409, Sentence("refusal.consumer.fallback_delete", code=code))
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
