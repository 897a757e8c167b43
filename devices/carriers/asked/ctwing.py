"""CTWing (AEP): the newest state of a device. There is a history, whose answers were not seen: it is not asked for.

Source: the platform's published clients (aep_device_status/deviceStatusList, 20181031202403): a request with the key of
an application is signed with HMAC-SHA1 over application, timestamp and body. `id` and `secret`: App Key and App Secret.
That `timestamp` of a state is the one that is pushed was not seen: where it is not, a value that came before is stored
at both times.
"""

import base64
import hashlib
import hmac

from devices.carriers.asked.talk import (
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
    read,
)  # fmt: skip

VERSION = "20181031202403"


def latest(access: Access, asked: Asked, now: float) -> Talk:
    """The newest value of each property."""
    body = dumped({"productId": asked.product or access.scope, "deviceId": asked.address})
    told = read((yield _signed(access, "/aep_device_status/deviceStatusList", body, now)))
    if told.get("code") != 0:
        raise no(told.get("code"), told.get("msg", told.get("desc")))
    values = [
        Value(name, at, each.get("value"))
        for each in listed(told.get("deviceStatusList"))
        if isinstance(name := each.get("datasetId"), str) and (at := millis(each.get("timestamp")))
    ]
    bodies = [
        dumped({
            "messageType": "dataReport", "deviceId": asked.address, "productId": asked.product or "",
            "timestamp": at, "payload": payload,
        })
        for at, payload in sorted(by_time(values).items(), reverse=True)
    ]  # fmt: skip
    if bodies:
        yield Found(bodies, current=True)
    return "latest"


def _signed(access: Access, path: str, body: bytes, now: float) -> Call:
    at = int(now * 1000)
    text = f"application:{access.id}\ntimestamp:{at}\n".encode() + body + b"\n"
    signature = base64.b64encode(hmac.new(access.secret.encode(), text, hashlib.sha1).digest()).decode()
    headers = {
        "application": access.id, "timestamp": str(at), "version": VERSION, "signature": signature,
        "content-type": "application/json; charset=utf-8",
    }  # fmt: skip
    return Call("POST", access.url.rstrip("/") + path, headers, body)
