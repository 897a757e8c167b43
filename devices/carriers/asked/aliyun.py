"""Alibaba IoT Platform: the newest properties of a device, and their history of 30 days.

Source: help.aliyun.com, QueryDevicePropertyStatus and QueryDevicePropertyData (2018-01-20); signed as RPC requests are
(HMAC-SHA1). `id` and `secret`: of an access key; `scope`: the instance, if it has an id. Times are those of the items
that are pushed.
"""

import base64
import hashlib
import hmac
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from devices.carriers.asked.talk import (
    PAGES,
    Access,
    Asked,
    Call,
    Found,
    Talk,
    Value,
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

PAGE = 50
_NUMBERS = ("int", "float", "double", "bool", "enum")


def latest(access: Access, asked: Asked, now: float) -> Talk:
    """The newest value of each property."""
    yield from _status(access, asked, now)
    return "latest"


def history(access: Access, asked: Asked, now: float) -> Talk:
    """The newest values, and then those of each property."""
    kinds, pages = (yield from _status(access, asked, now)), 0
    for name, kind in kinds.items():
        since: int | None = asked.begin // 1000
        while since is not None:
            if (pages := pages + 1) > PAGES:
                return "latest"
            given = {"Identifier": name, "Asc": 1, "StartTime": since, "EndTime": asked.end // 1000, "PageSize": PAGE}
            told = _checked((yield _call(access, "QueryDevicePropertyData", asked, given, now)))
            rows = listed(under(told, "Data", "List", "PropertyInfo"))
            values = [
                Value(name, at, _value(kind, each.get("Value"))) for each in rows if (at := millis(each.get("Time")))
            ]
            if values:
                yield Found([_pushed(asked, [each]) for each in values])
            after = millis(under(told, "Data", "NextTime")) if under(told, "Data", "NextValid") is True else None
            since = after if after is not None and after > since else None
    return "properties"


def _status(access: Access, asked: Asked, now: float) -> Generator[Call | Found, bytes, dict[str, str]]:
    """Finds the newest values; returns the properties with their types."""
    told = _checked((yield _call(access, "QueryDevicePropertyStatus", asked, {}, now)))
    rows = [
        each
        for each in listed(under(told, "Data", "List", "PropertyStatusInfo"))
        if isinstance(each.get("Identifier"), str)
    ]
    kinds = {each["Identifier"]: str(each.get("DataType", "")) for each in rows}
    values = [
        Value(each["Identifier"], at, _value(kinds[each["Identifier"]], each.get("Value")))
        for each in rows
        if (at := millis(each.get("Time")))
    ]
    if values:
        yield Found([_pushed(asked, values)], current=True)
    return kinds


def _value(kind: str, value: object) -> object:
    if kind in _NUMBERS:
        return number(value)
    if kind == "struct" and isinstance(value, str):
        try:
            return msgspec.json.decode(value)
        except (msgspec.MsgspecError, RecursionError):
            return value
    return value


def _pushed(asked: Asked, values: list[Value]) -> bytes:
    product, name = two(asked.address)
    items = {each.name: {"value": each.value, "time": each.at} for each in values}
    newest = max(each.at for each in values)
    return dumped({"productKey": product, "deviceName": name, "gmtCreate": newest, "items": items})


def _checked(body: bytes) -> dict[str, Any]:
    told = read(body)
    if told.get("Success") is not True:
        raise no(told.get("Code"), told.get("ErrorMessage", told.get("Message")))
    return told


def _call(access: Access, action: str, asked: Asked, more: Mapping[str, object], now: float) -> Call:
    product, name = two(asked.address)
    host = urlsplit(access.url).hostname or ""
    at = datetime.fromtimestamp(now, UTC)
    given = {
        "Format": "JSON", "Version": "2018-01-20", "AccessKeyId": access.id, "SignatureMethod": "HMAC-SHA1",
        "Timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "SignatureVersion": "1.0", "Action": action,
        "RegionId": host.split(".")[1] if host.startswith("iot.") else "cn-shanghai",
        "ProductKey": product, "DeviceName": name, **more, **({"IotInstanceId": access.scope} if access.scope else {}),
    }  # fmt: skip
    # What is signed must differ from request to request, and is known by what it asks for.
    nonce = hashlib.blake2b(form({**given, "at": now}).encode(), digest_size=16).hexdigest()
    query = form({**given, "SignatureNonce": nonce})
    signed = quote(signature(query, access.secret), safe="~")
    return Call("GET", f"{access.url.rstrip('/')}/?{query}&Signature={signed}", {})


def signature(query: str, secret: str) -> str:
    """Of a sorted query."""
    text = f"GET&%2F&{quote(query, safe='~')}"
    return base64.b64encode(hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()).decode()
