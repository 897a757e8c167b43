"""Tencent IoT Explorer: the newest properties of a device, and their history.

Source: cloud.tencent.com 1081, DescribeDeviceData and DescribeDeviceDataHistory (2019-04-23); signed with
TC3-HMAC-SHA256. `id` and `secret`: SecretId and SecretKey; `scope`: the region. That `LastUpdate` is the time that is
pushed beside a property was not seen: where it is not, a value that came before is stored at both times.
"""

import hashlib
import hmac
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from devices.carriers.asked.talk import (
    PAGES,
    Access,
    Asked,
    Call,
    Found,
    Talk,
    Value,
    by_time,
    dumped,
    listed,
    millis,
    no,
    number,
    read,
    two,
    under,
)  # fmt: skip

JSON = "application/json; charset=utf-8"
SERVICE, VERSION, PAGE = "iotexplorer", "2019-04-23", 100


def latest(access: Access, asked: Asked, now: float) -> Talk:
    """The newest value of each property."""
    yield from _status(access, asked, now)
    return "latest"


def history(access: Access, asked: Asked, now: float) -> Talk:
    """The newest values, and then those of each property."""
    kinds, pages = (yield from _status(access, asked, now)), 0
    for name, is_text in kinds.items():
        context = ""
        while True:
            if (pages := pages + 1) > PAGES:
                return "latest"
            given = {
                "FieldName": name,
                "MinTime": asked.begin // 1000,
                "MaxTime": asked.end // 1000,
                "Limit": PAGE,
                "Context": context,
            }
            told = _checked((yield _call(access, "DescribeDeviceDataHistory", asked, given, now)))
            rows = listed(told.get("Results"))
            values = [
                Value(name, at, told_as if is_text else number(told_as))
                for each in rows
                if (at := millis(each.get("Time"))) and (told_as := each.get("Value")) is not None
            ]
            yield from _found(asked, values)
            context, before = str(told.get("Context") or ""), context
            if told.get("Listover") is not False or context in ("", before):
                break
    return "properties"


def _status(access: Access, asked: Asked, now: float) -> Generator[Call | Found, bytes, dict[str, bool]]:
    """Finds the newest values; returns the properties, and which are texts."""
    told = _checked((yield _call(access, "DescribeDeviceData", asked, {}, now)))
    data = told.get("Data")
    held = read(data.encode()) if isinstance(data, str) and data else {}
    values = [
        Value(name, at, each.get("Value"))
        for name, each in held.items()
        if isinstance(each, dict) and (at := millis(each.get("LastUpdate")))
    ]
    yield from _found(asked, values, current=True)
    return {name: isinstance(under(each, "Value"), str) for name, each in held.items()}


def _found(asked: Asked, values: Iterable[Value], *, current: bool = False) -> Generator[Call | Found, bytes, None]:
    product, name = two(asked.address)
    bodies = [
        dumped({
            "ProductID": product, "DeviceName": name,
            "payload": {"method": "report", "timestamp": at, "params": params},
        })
        for at, params in sorted(by_time(values).items(), reverse=True)
    ]  # fmt: skip
    if bodies:
        yield Found(bodies, current)


def _checked(body: bytes) -> dict[str, Any]:
    told: dict[str, Any] = under(read(body), "Response") or {}
    if error := told.get("Error"):
        raise no(under(error, "Code"), under(error, "Message"))
    return told


def _call(access: Access, action: str, asked: Asked, more: dict[str, object], now: float) -> Call:
    product, name = two(asked.address)
    body, host = msgspec.json.encode({"ProductId": product, "DeviceName": name, **more}), urlsplit(access.url).netloc
    headers = {
        "content-type": JSON, "host": host, "x-tc-action": action, "x-tc-version": VERSION,
        "x-tc-timestamp": str(int(now)), "x-tc-region": access.scope,
        "authorization": authorization(access, SERVICE, host, body, now),
    }  # fmt: skip
    return Call("POST", access.url.rstrip("/") + "/", headers, body)


def authorization(access: Access, service: str, host: str, body: bytes, now: float) -> str:
    """The header of a POST of JSON to /."""
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    lines = f"content-type:{JSON}\nhost:{host}\n"
    request = f"POST\n/\n\n{lines}\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}"
    where = f"{day}/{service}/tc3_request"
    text = f"TC3-HMAC-SHA256\n{int(now)}\n{where}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"TC3{access.secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signed = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"TC3-HMAC-SHA256 Credential={access.id}/{where}, SignedHeaders=content-type;host, Signature={signed}"
