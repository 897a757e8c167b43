"""Messages of carriers' and clouds' platforms."""

import json
from typing import Any
from uuid import UUID

from devices.codecs.carriers import aliyun, ctwing, iotda, onenet, tencent
from devices.codecs.carriers.properties import key_of
from devices.codecs.decoded import EventDraft, ReplyDraft
from tests.support.frames import RECEIVED, Bad, Frames, Good, at, json_flaws

SMOKE_AT = 1606982320277_000
SMOKE = (
    b'{"upPacketSN":-1,"upDataSN":-1,"topic":"v1/up/ad19prof","timestamp":1606982320277,"serviceId":"",'
    b'"protocol":"lwm2m","productId":"15000002","payload":{"serviceId":"notification","serviceData":{"TData":30,'
    b'"RSRP":114,"Battery_Level":100,"Alarm_Status":1}},"messageType":"dataReport","deviceId":"acf7000000000001",'
    b'"IMSI":"undefined","IMEI":"860000000000027"}'
)
BATTERY = (
    b'{"timestamp":1619523767263,"serviceId":1002,"protocol":"lwm2m","productId":"15000240",'
    b'"messageType":"eventReport","eventType":2,"eventContent":{"battery_voltage":1,"battery_state":1},"deviceSn":"",'
    b'"deviceId":"d013000000000002","IMSI":"undefined","IMEI":"860000000000041"}'
)
BATTERY_KEY = key_of(
    "d013000000000002", "eventReport", 1619523767263_000, "1002", {"battery_voltage": 1, "battery_state": 1}
)
COMMAND = UUID("019bb5a8-0d4a-7000-8000-000000000000")
OLD = (
    b'{"msg":{"at":1553224758882,"imei":"866900000000011","type":1,"ds_id":"3200_0_5750","value":"8004640012",'
    b'"dev_id":520000001},"msg_signature":"wCZ8lMq/symAKQr6l+oYDg==","nonce":"h9a2kz7q"}'
)
STUDIO = (
    rb'{"msg":"{\"notifyType\":\"property\",\"productId\":\"pX0demo001\",\"messageType\":\"notify\",\"data\":{'
    rb"\"id\":\"0\",\"params\":{\"level\":{\"time\":1757948604527,\"value\":1.27},\"battery\":{\"time\":1757948604533,"
    rb'\"value\":88}}},\"deviceName\":\"well-0031\"}","nonce":"4KNbK6m3","signature":"CQ8t2yVGk70UhV0jCjbzAA==",'
    rb'"time":1757948604600,"id":"3799902"}'
)
LAMP = (
    b'{"resource":"device.property","event":"report","event_time":"20260912T173041Z","notify_data":{"header":{'
    b'"device_id":"6aa5_lamp-7","node_id":"lamp-7","product_id":"6aa5"},"body":{"services":[{"service_id":"Meter",'
    b'"properties":{"voltage":221.4,"leakage":12},"event_time":"20260912T173040Z"}]}}}'
)


def _json(**told: Any) -> bytes:
    return json.dumps(told).encode()


def ctwing_of(kind: str = "dataReport", **told: Any) -> bytes:
    """A message of CTWing."""
    return _json(messageType=kind, timestamp=1606982320277, deviceId="acf7000000000001", **told)


def _quoted(body: bytes) -> bytes:
    return "".join(f"%{each:02X}" for each in body).encode()


def _ctwing() -> Frames:
    told = {"TData": 30, "RSRP": 114, "Battery_Level": 100, "Alarm_Status": 1}
    smoke = [(name, SMOKE_AT, float(value)) for name, value in told.items()]
    warning = EventDraft(
        "other", 1619523767263_000, BATTERY_KEY, None, None,
        {"battery_voltage": 1, "battery_state": 1, "severity": "warning", "code": "1002"},
    )  # fmt: skip
    fault = key_of("acf7000000000001", "eventReport", SMOKE_AT, "7", {"a": 1})
    return Frames(
        ctwing.decode,
        [
            Good(SMOKE, smoke),
            Good(_quoted(SMOKE), smoke),
            Good(ctwing_of(payload={"a": 1, "b": True, "c": None, "d": {"x": 2}}),
                 [("a", SMOKE_AT, 1), ("b", SMOKE_AT, 1), ("d.x", SMOKE_AT, 2)]),
            Good(ctwing_of(payload=[{"a": 1}, {"serviceId": "s", "serviceData": {"b": 2}}]),
                 [("a", SMOKE_AT, 1), ("b", SMOKE_AT, 2)]),
            Good(_json(messageType="dataReport", deviceId="d", payload={"a": 1, "ICCID": "8986"}), [("a", RECEIVED, 1)],
                 timeless=True, unused=("ICCID",)),
            Good(ctwing_of(payload={"a": 1, "faceId": 5, "b": 1e400}), [("a", SMOKE_AT, 1)], private=1,
                 faults=["value_not_finite"]),
            Good(ctwing_of(payload="undefined")),
            Good(ctwing_of(payload='{"serviceId":"s","serviceData":"{\\"a\\":1}"}'), [("a", SMOKE_AT, 1)]),
            Good(ctwing_of(payload='[{"a":1},{"b":2}]'), [("a", SMOKE_AT, 1), ("b", SMOKE_AT, 2)]),
            Good(ctwing_of("dataReportTupUnion", payload={"a": 1}), unused=("dataReportTupUnion",)),
            Good(BATTERY, events=[warning]),
            Good(ctwing_of("eventReport", serviceId=7, eventType="3", eventContent={"a": 1}),
                 events=[EventDraft("fault", SMOKE_AT, fault, None, None, {"a": 1, "severity": "fault", "code": "7"})]),
            Good(ctwing_of("deviceOnlineOfflineReport", eventType=1), online=True),
            Good(ctwing_of("deviceOnlineOfflineReport", eventType=0), online=False),
            Good(ctwing_of("commandResponse", taskId=str(COMMAND), result={"resultCode": "SUCCESSFUL"}),
                 reply=ReplyDraft(COMMAND, "SUCCESSFUL")),
            Good(ctwing_of("commandResponse", taskId=str(COMMAND), result={"resultCode": "EXPIRED"}),
                 reply=ReplyDraft(COMMAND, None, "expired")),
            Good(ctwing_of("commandResponse", taskId=str(COMMAND), result={"resultCode": "SENT"})),
            Good(ctwing_of("commandResponse", taskId=5, result={}), unused=("taskId",)),
        ],
        [
            *_flaws(),
            Bad(b"{}", "push_unknown_type", "null is no type"),
            Bad(ctwing_of("dataReport2"), "push_unknown_type", "dataReport"),
            Bad(_json(messageType="dataReport", timestamp=5, payload={}), "bad_time", "5 is no time"),
            Bad(ctwing_of("deviceOnlineOfflineReport", eventType=7), "status_unknown", "7"),
            Bad(ctwing_of(payload="x"), "push_payload", "'x'"),
            Bad(ctwing_of(payload={"a": float("inf")}), "value_not_finite", "'a'"),
            Bad(ctwing_of(payload={"APPdata": "%"}), "bad_base64"),
        ],
    )  # fmt: skip


def _flaws() -> list[Bad]:
    return [*json_flaws(), Bad(b"[]", "not_an_object", "an object"), Bad(b"5", "not_an_object")]


def _onenet() -> Frames:
    level, battery = 1757948604527_000, 1757948604533_000
    event = key_of("p", "d", "event", level, "tilt", {"angle": 3})
    return Frames(
        onenet.decode,
        [
            Good(OLD),
            Good(STUDIO, [("level", level, 1.27), ("battery", battery, 88)]),
            Good(_json(type=1, at=1553224758882, dev_id=5, ds_id="3303_0_5700", value=21.5),
                 [("3303_0_5700", 1553224758882_000, 21.5)]),
            Good(_json(type=1, dev_id=5, ds_id="note", value="plain"), unused=("note",), timeless=True),
            Good(_json(type=2, at=1553224758882, dev_id=5, status=1, login_type=10), online=True),
            Good(_json(type=2, at=1553224758882, dev_id=5, status=0, login_type=10), online=False),
            Good(_json(type=7, at=1553224758882, dev_id=5), unused=("type 7",)),
            Good(_json(messageType="lifeCycle", productId="p", deviceName="d", data={"status": "offline",
                 "time": 1757948604527}), online=False),
            Good(_json(messageType="notify", notifyType="event", productId="p", deviceName="d", data={"params": {"tilt":
                 {"value": {"angle": 3}, "time": 1757948604527}}}),
                 events=[EventDraft("tilt", level, event, None, None, {"angle": 3})]),
            Good(_json(messageType="lbsAndWifi", data={}), unused=("lbsAndWifi",), timeless=True),
        ],
        [
            *_flaws(),
            Bad(b"{}", "push_unknown_type", "messageType"),
            Bad(b'{"msg": 5}', "not_an_object"),
            Bad(b'{"msg": "{"}', "not_json"),
            Bad(b'{"msg": "{\\"messageType\\": \\"x\\"}"}', "push_unknown_type", "lifeCycle"),
            Bad(b'{"msg": {"messageType": "x"}}', "push_unknown_type", "lifeCycle"),
            Bad(_json(messageType="x"), "push_unknown_type", "lifeCycle"),
            Bad(_json(messageType="lifeCycle", data={"status": "odd"}), "status_unknown", "odd"),
            Bad(_json(messageType="notify", notifyType="property", data={}), "push_incomplete", "params"),
            Bad(_json(type=1, at=3, value=1), "bad_time"),
        ],
    )  # fmt: skip


def _iotda() -> Frames:
    def of(resource: str, body: dict[str, Any]) -> bytes:
        header = {"device_id": "d", "node_id": "n", "product_id": "p"}
        return _json(resource=resource, event_time="20260912T173041Z", notify_data={"header": header, "body": body})

    sampled, told = at("2026-09-12T17:30:40Z"), at("2026-09-12T17:30:41Z")
    key = key_of("d", "event", told, "smoke", {"zone": 4})
    return Frames(
        iotda.decode,
        [
            Good(LAMP, [("voltage", sampled, 221.4), ("leakage", sampled, 12)]),
            Good(of("device.property", {"services": [{"service_id": "a", "properties": {"v": 1}},
                                                     {"service_id": "b", "properties": {"v": 2}}, {}]}),
                 [("v", told, 1), ("b.v", told, 2)]),
            Good(of("device.message", {"topic": "t", "content": {"v": 1}}), [("v", told, 1)]),
            Good(of("device.status", {"status": "OFFLINE"}), online=False),
            Good(of("device.status", {"status": "ONLINE"}), online=True),
            Good(of("device.event", {"services": [{"event_type": "smoke", "paras": {"zone": 4}}]}),
                 events=[EventDraft("smoke", told, key, None, None, {"zone": 4})]),
        ],
        [
            *_flaws(),
            Bad(b"{}", "push_incomplete", "notify_data"),
            Bad(of("device.other", {}), "push_unknown_type", "device.property"),
            Bad(of("device.property", {}), "push_incomplete", "services"),
            Bad(of("device.status", {"status": "odd"}), "status_unknown", "odd"),
            Bad(of("device.property", {"services": [{"properties": {"v": 1}, "event_time": "x"}]}), "bad_time"),
            Bad(of("device.message", {"content": "%"}), "bad_base64"),
        ],
    )  # fmt: skip


def _aliyun() -> Frames:
    def of(**told: Any) -> bytes:
        return _json(iotId="i", productKey="p", deviceName="d", gmtCreate=1757948604600, **told)

    ts, created = 1757948604527_000, 1757948604600_000
    key = key_of("p", "d", "event", ts, "smoke", {"zone": 4})
    return Frames(
        aliyun.decode,
        [
            Good(of(items={"level": {"value": 1.27, "time": 1757948604527}, "battery": {"value": 88}}),
                 [("level", ts, 1.27), ("battery", created, 88)]),
            Good(of(items={}, checkFailedData={"level": {"value": 99, "time": 1757948604527, "code": 6304}}),
                 [("level", ts, 99)]),
            Good(of(items={"level": {"a": 1, ";b": 2}}), [("level.a", created, 1)], faults=["bad_metric_name"]),
            Good(_json(productKey="p", deviceName="d", identifier="smoke", type="alert", value={"zone": 4},
                       time=1757948604527),
                 events=[EventDraft("smoke", ts, key, None, None, {"zone": 4, "severity": "alert"})]),
            Good(_json(productKey="p", deviceName="d", status="offline"), online=False, timeless=True),
        ],
        [
            *_flaws(),
            Bad(b"{}", "push_unknown_type", "items"),
            Bad(of(items=5), "push_incomplete", "items"),
            Bad(of(items={"a": {"value": 1, "time": 5}}), "bad_time"),
            Bad(_json(status="odd"), "status_unknown", "odd"),
        ],
    )  # fmt: skip


def _tencent() -> Frames:
    def of(**inner: Any) -> bytes:
        return _json(devicename="d", productid="p", timestamp=1604458421, payload=inner)

    sent = 1604458421_000_000
    key = key_of("p", "d", "event", sent, "smoke", {"zone": 4})
    return Frames(
        tencent.decode,
        [
            Good(of(method="report", params={"level": 1.5, "note": "x"}), [("level", sent, 1.5)], unused=("note",)),
            Good(of(method="report", timestamp=1604458421123, params={"level": 2}),
                 [("level", 1604458421123_000, 2)]),
            Good(of(method="event_post", eventId="smoke", type="alert", params={"zone": 4}),
                 events=[EventDraft("smoke", sent, key, None, None, {"zone": 4, "severity": "alert"})]),
            Good(_json(deviceName="d", productId="p", timestamp=1604458421, event="Online"), online=True),
            Good(of(method="control_reply"), unused=("control_reply",)),
        ],
        [
            *_flaws(),
            Bad(b"{}", "push_unknown_type", "method"),
            Bad(_json(payload="%"), "bad_base64"),
            Bad(of(method="report", params=5), "push_incomplete", "params"),
        ],
    )  # fmt: skip


CTWING, ONENET, IOTDA, ALIYUN, TENCENT = _ctwing(), _onenet(), _iotda(), _aliyun(), _tencent()
