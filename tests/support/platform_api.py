"""The API by which a simulated platform tells what its devices have sent: newest state and history, as each has them.

It knows what `sent` holds, whether that was pushed or not. Signatures are not checked, that there is one is.
"""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit


class Sent(NamedTuple):
    """Properties that a device has sent at a time."""

    at: int
    """Milliseconds."""
    values: Mapping[str, float]


class Request(NamedTuple):
    """What was asked."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, Any]


BEIJING = timezone(timedelta(hours=8))
PAGE = 2
"""Of history: small, so that there are pages."""


class PlatformApi:
    """Answers as one platform does; `async with` is not needed to `answer` without a port."""

    def __init__(self, platform: str) -> None:
        self._answer = _PLATFORMS[platform]
        self.sent: dict[str, list[Sent]] = {}
        """By the address of a device, in the order of time."""
        self.uplinks: list[dict[str, Any]] = []
        """Of a network of LoRaWAN: messages, in the order of time."""
        self.requests: list[str] = []
        self.open = threading.Event()
        """While it is not set nobody is answered."""
        self.open.set()
        self.status = 200
        """What everybody is answered."""
        self.devices_refused = frozenset[str]()
        self._server: ThreadingHTTPServer | None = None
        self._hold_after = -1

    def hold_after(self, answers: int) -> None:
        """Answer so many more, and then nobody until it is `open` again."""
        self._hold_after = len(self.requests) + answers

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Status and body."""
        if len(self.requests) == self._hold_after:
            self.open.clear()
        self.requests.append(request.path)
        self.open.wait(60)
        if self.status != 200:
            return self.status, b"no"
        try:
            told = self._answer(self, request)
        except PermissionError:
            return 401, b"not signed"
        return 200, told if isinstance(told, bytes) else json.dumps(told).encode()

    @property
    def url(self) -> str:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("it does not listen")
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                url = urlsplit(self.path)
                told = json.loads(body) if body else {}
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = api.answer(Request(url.path, dict(parse_qsl(url.query)), headers, told))
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET  # noqa: N815 the name of the interface

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="platform api", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self.open.set()
            self._server.shutdown()
            self._server.server_close()

    def newest(self, address: str) -> dict[str, tuple[int, float]]:
        """Of each property."""
        return {name: (sent.at, value) for sent in self.sent.get(address, ()) for name, value in sent.values.items()}

    def between(self, address: str, name: str, begin: int, end: int) -> list[tuple[int, float]]:
        """Of one property."""
        found = self.sent.get(address, ())
        return [(each.at, each.values[name]) for each in found if name in each.values and begin <= each.at <= end]


def _check(signed: bool) -> None:
    if not signed:
        raise PermissionError


def _ctwing(api: PlatformApi, request: Request) -> Any:
    if not {"application", "timestamp", "signature", "version"} <= request.headers.keys():
        return {"code": 1, "msg": "no signature"}
    newest = api.newest(str(request.body["deviceId"]))
    rows = [{"datasetId": name, "value": str(value), "timestamp": at} for name, (at, value) in newest.items()]
    return {"code": 0, "msg": "ok", "deviceStatusList": rows}


def _iotda(api: PlatformApi, request: Request) -> Any:
    _check(request.headers.get("authorization", "").startswith("SDK-HMAC-SHA256 "))
    address = request.path.split("/")[5]
    if address in api.devices_refused:
        return {"error_code": "IOTDA.014000", "error_msg": "The device does not exist."}
    newest = api.newest(address)
    at = max((at for at, _ in newest.values()), default=0) // 1000
    stamp = _stamp(at)
    reported = {"properties": {name: value for name, (_, value) in newest.items()}, "event_time": stamp}
    return {
        "device_id": address,
        "shadow": [{"service_id": "Meter", "desired": {}, "reported": reported, "version": 1}],
    }


def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


def _aliyun(api: PlatformApi, request: Request) -> Any:
    query = request.query
    _check("Signature" in query)
    address = f"{query['ProductKey']}/{query['DeviceName']}"
    if query["Action"] == "QueryDevicePropertyStatus":
        rows = [
            {"Identifier": name, "Value": str(value), "Time": str(at), "DataType": "double"}
            for name, (at, value) in api.newest(address).items()
        ]
        return {"Success": True, "Data": {"List": {"PropertyStatusInfo": rows}}}
    since = int(query["StartTime"])
    found = api.between(address, query["Identifier"], since, int(query["EndTime"]))
    page, more = found[:PAGE], found[PAGE:]
    data: dict[str, Any] = {"List": {"PropertyInfo": [{"Time": str(at), "Value": str(value)} for at, value in page]}}
    data["NextValid"] = bool(more)
    if more:
        data["NextTime"] = more[0][0]
    return {"Success": True, "Data": data}


def _tencent(api: PlatformApi, request: Request) -> Any:
    _check(request.headers.get("authorization", "").startswith("TC3-HMAC-SHA256 "))
    address = f"{request.body['ProductId']}/{request.body['DeviceName']}"
    if request.headers["x-tc-action"] == "DescribeDeviceData":
        data = {name: {"Value": value, "LastUpdate": at} for name, (at, value) in api.newest(address).items()}
        return {"Response": {"Data": json.dumps(data), "RequestId": "x"}}
    told = request.body
    found = api.between(address, told["FieldName"], told["MinTime"], told["MaxTime"])[::-1]
    start = int(told["Context"] or 0)
    rows = [{"Time": str(at), "Value": str(value)} for at, value in found[start : start + PAGE]]
    over = start + PAGE >= len(found)
    return {"Response": {"Results": rows, "Listover": over, "Context": "" if over else str(start + PAGE)}}


def _onenet(api: PlatformApi, request: Request) -> Any:
    if request.path.startswith("/devices/"):
        return _onenet_old(api, request)
    _check(request.headers.get("authorization", "").startswith("version="))
    query = request.query
    address = f"{query['product_id']}/{query['device_name']}"
    if request.path.endswith("/query-device-property"):
        rows = [
            {"identifier": name, "value": str(value), "time": at, "data_type": "float"}
            for name, (at, value) in api.newest(address).items()
        ]
        return {"code": 0, "msg": "succ", "data": rows}
    found = api.between(address, query["identifier"], int(query["start_time"]), int(query["end_time"]))
    start = int(query["offset"])
    page = found[start : start + int(query["limit"])]
    return {"code": 0, "msg": "succ", "data": {"list": [{"time": at, "value": str(value)} for at, value in page]}}


def _onenet_old(api: PlatformApi, request: Request) -> Any:
    address, query = request.path.split("/")[2], request.query
    _check("api-key" in request.headers)

    def text(at: int) -> str:
        return datetime.fromtimestamp(at / 1000, UTC).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

    def millis(written: str) -> int:
        return int(datetime.fromisoformat(written).replace(tzinfo=BEIJING).timestamp() * 1000)

    if "start" not in query:
        found = {name: [pair] for name, pair in api.newest(address).items()}
    else:
        begin, end = millis(query["start"]), millis(query["end"])
        found = {name: api.between(address, name, begin, end) for name in api.newest(address)}
    streams = [
        {"id": name, "datapoints": [{"at": text(at), "value": value} for at, value in pairs]}
        for name, pairs in found.items()
    ]
    return {"errno": 0, "error": "succ", "data": {"count": len(streams), "datastreams": streams}}


def _things_stack(api: PlatformApi, request: Request) -> Any:
    _check(request.headers.get("authorization", "").startswith("Bearer "))
    after, before = request.query["after"], request.query["before"]
    found = [each for each in api.uplinks if after < each["received_at"] < before]
    newest = found[::-1][: int(request.query["limit"])]
    return "\n".join(json.dumps({"result": each}) for each in newest).encode()


_PLATFORMS: Mapping[str, Callable[[PlatformApi, Request], Any]] = {
    "ctwing": _ctwing, "iotda": _iotda, "aliyun": _aliyun, "tencent": _tencent, "onenet": _onenet,
    "the-things-stack": _things_stack,
}  # fmt: skip
