"""OneNET: the newest properties of a device and their history (Studio); the points of its streams (older platform).

Source: open.iot.10086.cn, thingmodel/query-device-property and query-device-property-history, with a token
(`version=2018-10-31&res=products/..`, or `2020-05-29` of a user); api.heclouds.com/devices/ID/datapoints with the
header api-key. Which it is, tells the address: of Studio it is PRODUCT/NAME. `id` is the resource of the token, such as
products/pX0demo001; times are those that are pushed.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Generator, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from devices.carriers.asked.talk import (
    PAGES,
    Access,
    Asked,
    Call,
    Found,
    PlatformSaysNoError,
    Talk,
    Value,
    by_time,
    dumped,
    form,
    listed,
    millis,
    no,
    number,
    read,
    two,
    under,
)  # fmt: skip
from hub.models import from_micros
from hub.words.sentence import Sentence

PAGE, POINTS = 100, 1000
LASTS_S = 600
"""Of a token."""
_BEIJING = timezone(timedelta(hours=8))


def latest(access: Access, asked: Asked, now: float) -> Talk:
    """The newest value of each property, or of each stream."""
    if "/" in asked.address:
        yield from _status(access, asked, now)
    else:
        told = _checked((yield _old(access, asked, "datapoints", {"limit": 1})), "errno")
        yield from _points(asked, told, current=True)
    return "latest"


def history(access: Access, asked: Asked, now: float) -> Talk:
    """The newest values, and then all of them."""
    if "/" not in asked.address:
        return (yield from _old_history(access, asked))
    kinds, pages = (yield from _status(access, asked, now)), 0
    for name, kind in kinds.items():
        offset = 0
        while True:
            if (pages := pages + 1) > PAGES:
                return "latest"
            given = {
                "identifier": name,
                "start_time": asked.begin // 1000,
                "end_time": asked.end // 1000,
                "offset": offset,
                "limit": PAGE,
            }
            told = _checked((yield _studio(access, asked, "query-device-property-history", given, now)), "code")
            rows = listed(under(told, "data", "list"))
            values = [
                Value(name, at, _value(kind, each.get("value"))) for each in rows if (at := millis(each.get("time")))
            ]
            yield from _found(asked, values)
            offset += len(rows)
            if len(rows) < PAGE:
                break
    return "properties"


def _status(access: Access, asked: Asked, now: float) -> Generator[Call | Found, bytes, dict[str, str]]:
    """Finds the newest values; returns the properties that have one, with their types."""
    told = _checked((yield _studio(access, asked, "query-device-property", {}, now)), "code")
    rows = [
        (name, str(each.get("data_type", "")), at, each.get("value"))
        for each in listed(told.get("data"))
        if isinstance(name := each.get("identifier"), str) and (at := millis(each.get("time")))
    ]
    yield from _found(asked, [Value(name, at, _value(kind, value)) for name, kind, at, value in rows], current=True)
    return {name: kind for name, kind, _, _ in rows}


def _value(kind: str, value: object) -> object:
    """All values come as texts."""
    if kind == "string":
        return value
    if kind == "struct" and isinstance(value, str):
        return read(value.encode()) if value[:1] == "{" else value
    return number(value)


def _found(asked: Asked, values: Iterable[Value], *, current: bool = False) -> Generator[Call | Found, bytes, None]:
    product, name = two(asked.address)
    bodies = [
        dumped({
            "messageType": "notify", "notifyType": "property", "productId": product, "deviceName": name,
            "data": {"params": {key: {"value": value, "time": at} for key, value in params.items()}},
        })
        for at, params in sorted(by_time(values).items(), reverse=True)
    ]  # fmt: skip
    if bodies:
        yield Found(bodies, current)


def _old_history(access: Access, asked: Asked) -> Talk:
    told = _checked((yield _old(access, asked, "datapoints", {"limit": 1})), "errno")
    yield from _points(asked, told, current=True)
    cursor = ""
    for _ in range(PAGES):
        given = {"start": _local(asked.begin), "end": _local(asked.end), "limit": POINTS} | (
            {"cursor": cursor} if cursor else {}
        )
        told = _checked((yield _old(access, asked, "datapoints", given)), "errno")
        yield from _points(asked, told)
        cursor, before = str(under(told, "data", "cursor") or ""), cursor
        if cursor in ("", before):
            return "properties"
    return "latest"


def _points(asked: Asked, told: dict[str, Any], *, current: bool = False) -> Generator[Call | Found, bytes, None]:
    bodies = [
        dumped({"type": 1, "dev_id": asked.address, "ds_id": stream.get("id"), "at": at, "value": point.get("value")})
        for stream in listed(under(told, "data", "datastreams"))
        for point in listed(stream.get("datapoints"))
        if (at := _millis_of(point.get("at")))
    ]
    if bodies:
        yield Found(bodies, current)


def _local(at: int) -> str:
    return from_micros(at).astimezone(_BEIJING).strftime("%Y-%m-%dT%H:%M:%S")


def _millis_of(text: object) -> int | None:
    """Of a time of Beijing, `2018-02-01 09:12:31.123`."""
    try:
        at = datetime.fromisoformat(str(text)[:30])
    except ValueError:
        return None
    return round((at if at.tzinfo else at.replace(tzinfo=_BEIJING)).timestamp() * 1000)


def _checked(body: bytes, name: str) -> dict[str, Any]:
    told = read(body)
    if told.get(name) != 0:
        raise no(told.get(name), told.get("msg", told.get("error")))
    return told


def _old(access: Access, asked: Asked, what: str, query: dict[str, object]) -> Call:
    url = f"{access.url.rstrip('/')}/devices/{quote(asked.address, safe='')}/{what}?{form(query)}"
    return Call("GET", url, {"api-key": access.secret})


def _studio(access: Access, asked: Asked, what: str, query: dict[str, object], now: float) -> Call:
    product, name = two(asked.address)
    url = f"{access.url.rstrip('/')}/thingmodel/{what}?{form({'product_id': product, 'device_name': name, **query})}"
    return Call("GET", url, {"authorization": _token(access, now)})


def _token(access: Access, now: float) -> str:
    version = "2018-10-31" if access.id.startswith("products/") else "2020-05-29"
    until = int(now) + LASTS_S
    try:
        key = base64.b64decode(access.secret, validate=True)
    except binascii.Error:
        raise PlatformSaysNoError(Sentence("refusal.asked.key"), access=True) from None
    digest = hmac.new(key, f"{until}\nsha1\n{access.id}\n{version}".encode(), hashlib.sha1).digest()
    sign = quote(base64.b64encode(digest).decode(), safe="")
    return f"version={version}&res={quote(access.id, safe='')}&et={until}&method=sha1&sign={sign}"
