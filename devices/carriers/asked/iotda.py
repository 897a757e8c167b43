"""Huawei IoTDA: the shadow of a device, which is its newest properties. There is no history.

Source: support.huaweicloud.com, iot_06_v5_0079 (ShowDeviceShadow); signed with AK and SK (SDK-HMAC-SHA256, api-iothub
"AK/SK authentication"). Of an instance that asks for derived signatures it does not work. `scope`: the project, or
project/instance. `event_time` of a service is that of the report, as it is pushed.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from devices.carriers.asked.talk import Access, Asked, Call, Found, Talk, dumped, listed, no, read, under

_ALGORITHM = "SDK-HMAC-SHA256"


def latest(access: Access, asked: Asked, now: float) -> Talk:
    """The shadow, as a report of its services."""
    project, _, instance = access.scope.partition("/")
    path = f"/v5/iot/{quote(project, safe='')}/devices/{quote(asked.address, safe='')}/shadow"
    told = read((yield _signed(access, path, instance, now)))
    if "error_code" in told:
        raise no(told["error_code"], told.get("error_msg"))
    services = [
        {"service_id": each.get("service_id"), "properties": properties, "event_time": at}
        for each in listed(told.get("shadow"))
        if isinstance(properties := under(each, "reported", "properties"), dict)
        and isinstance(at := under(each, "reported", "event_time"), str)
    ]
    # Each for itself: of two services in one message the second's properties may have other names.
    found = [_pushed(asked, each) for each in sorted(services, key=lambda each: str(each["event_time"]), reverse=True)]
    if found:
        yield Found(found, current=True)
    return "latest"


def _pushed(asked: Asked, service: dict[str, object]) -> bytes:
    told = {"header": {"device_id": asked.address}, "body": {"services": [service]}}
    report = {"resource": "device.property", "event": "report", "event_time": service["event_time"]}
    return dumped({**report, "notify_data": told})


def _signed(access: Access, path: str, instance: str, now: float) -> Call:
    host = urlsplit(access.url).netloc
    at = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": host, "x-sdk-date": at} | ({"instance-id": instance} if instance else {})
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"GET\n{path}/\n\n{lines}\n{names}\n{hashlib.sha256(b'').hexdigest()}"
    text = f"{_ALGORITHM}\n{at}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(access.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = f"{_ALGORITHM} Access={access.id}, SignedHeaders={names}, Signature={signature}"
    return Call("GET", access.url.rstrip("/") + path, headers)
