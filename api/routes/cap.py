"""Alerts as CAP 1.2: one message, and an Atom feed of the newest."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID
from xml.etree.ElementTree import Element, SubElement, tostring

from fastapi import Query, Request
from fastapi.responses import Response

from api.cap import CONTENT_TYPE, Names, cap_message, event_name, identifier, message_type
from api.cloudevents import picture_for
from api.context import Context, Here
from api.database import row, rows
from api.language import Spoken
from api.problems import not_found, responses
from hub.access.classification import CeilingName, level_named
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.alerts.guidance import guidance_in
from hub.alerts.path import DRILL as PATH
from hub.alerts.titles import marked, title_in
from hub.alerts.transitions import RECORDS
from hub.store.statements import statements
from hub.words import LANGS, Lang, text
from hub.xml import xml_text

SQL = statements(__name__)

router = GuardedRouter(prefix="/alerts", tags=["alerts"])
FEED = "application/atom+xml"
ATOM = "http://www.w3.org/2005/Atom"
ENTRIES = 100
"""Of the feed; who asks seldom finds what he missed in the list of alerts."""
Ceiling = Annotated[CeilingName, Query(description="the highest level of data in it (docs/PRIVACY.md)")]
_UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "as the ETag in If-None-Match says, nothing is new"}
}


@router.get(
    "/feed.atom",
    response_class=Response,
    responses={200: {"content": {FEED: {"schema": {"type": "string"}}}}, **_UNCHANGED, **responses(422)},
)
@needs(Permission.ALERTS_READ)
async def alerts_feed(request: Request, context: Here, spoken: Spoken, ceiling: Ceiling = "L4") -> Response:
    """Atom feed of the newest message of the 100 alerts that have changed last, with a link to each CAP message.

    Ask again with the ETag in If-None-Match: 304 while nothing is new.
    """
    top = level_named(ceiling)
    async with context.pool.connection() as conn:
        found = await rows(conn, SQL.newest, {"records": sorted(RECORDS), "path": PATH, "limit": ENTRIES})
    feed = Element("feed", {"xmlns": ATOM, "xml:lang": spoken})
    _add(feed, "id", f"urn:ganzhi:{sender_of(context)}:alerts")
    _add(feed, "title", text("cap.feed", spoken))
    _add(feed, "updated", _atom_time(found[0]["at"] if found else datetime.fromtimestamp(0, UTC)))
    _add(SubElement(feed, "author"), "name", sender_of(context))
    for each in found:
        picture = picture_for(each, top, context.settings.api.public_url)
        names = _names(each, picture, spoken)
        name = identifier(each["alert_id"], each["seq"])
        entry = SubElement(feed, "entry")
        _add(entry, "id", f"urn:ganzhi:{sender_of(context)}:{name}")
        title = names.title or event_name(picture, spoken, names.event)
        _add(entry, "title", marked(title, spoken) if picture.get("drill") else title)
        _add(entry, "updated", _atom_time(each["at"]))
        SubElement(entry, "category", term=message_type(picture, each["first"]))
        SubElement(entry, "category", term=picture["level"])
        href = f"{each['alert_id']}/cap?seq={each['seq']}&ceiling={ceiling}"
        SubElement(entry, "link", rel="alternate", type=CONTENT_TYPE, href=href)
    return _answer(request, tostring(feed, "utf-8", xml_declaration=True), FEED)


@router.get(
    "/{alert_id}/cap",
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE: {"schema": {"type": "string"}}}}, **_UNCHANGED, **responses(404, 422)},
)
@needs(Permission.ALERTS_READ)
async def alert_cap(
    alert_id: UUID,
    request: Request,
    context: Here,
    seq: Annotated[int | None, Query(ge=1, lt=1 << 31, description="of the change; left out, the newest")] = None,
    ceiling: Ceiling = "L4",
) -> Response:
    """An alert as a CAP 1.2 message, in Chinese and English; scope Restricted, references to the messages before it."""
    values = {"id": alert_id, "records": sorted(RECORDS)}
    async with context.pool.connection() as conn:
        found = await row(conn, SQL.message, {**values, "seq": seq})
        if found is None:
            raise not_found("alert", alert_id)
        earlier = await rows(
            conn, SQL.earlier, {**values, "seq": found["seq"], "drill": found["picture"].get("drill", False)}
        )
    picture = picture_for(found, level_named(ceiling), context.settings.api.public_url)
    names = {lang: _names(found, picture, lang) for lang in LANGS}
    before = [(each["seq"], each["at"]) for each in earlier]
    return _answer(request, cap_message(found, picture, names, sender_of(context), before), CONTENT_TYPE)


def sender_of(context: Context) -> str:
    """Who the hub says it is: the host of its page."""
    return urlsplit(context.settings.api.public_url or "").hostname or "ganzhi"


def _names(found: Mapping[str, Any], picture: Mapping[str, Any], lang: Lang) -> Names:
    """Names in a language; the title only where it may be told."""
    named = found["names"] or {}
    guidance = guidance_in(lang, found["picture"]) if "guidance" in picture else None
    event = named.get("name_en" if lang == "en" else "name") or named.get("name")
    if "title" not in picture:
        return Names(None, event, guidance)
    if "value" not in picture:  # it may not be told, and a title that is made anew would
        return Names(picture["title"], event, guidance)
    told = {**found["picture"], "title": picture["title"]}
    return Names(title_in(lang, told, found, named), event, guidance)


def _answer(request: Request, body: bytes, kind: str) -> Response:
    etag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept-Language"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    return Response(body, 200, headers, kind)


def _atom_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _add(parent: Element, name: str, value: object) -> None:
    SubElement(parent, name).text = xml_text(value)
