"""Documents of GA/T 1400, as view libraries send them."""

import json

from devices.codecs.gat1400.reports import decode
from simulator.cameras.viid import device, people, state, tollgate
from tests.support.frames import Bad, Frames, Good

APE, GATE = "33010000001190000007", "33010000001210000001"
STATE = (
    b'{"SubscribeNotificationListObject":{"SubscribeNotificationObject":[{"NotificationID":"n1","SubscribeID":"s1",'
    b'"TriggerTime":"20260912173041","InfoIDs":"i1","DeviceStatusList":{"APEStatusObject":[{"ApeID":'
    b'"33010000001190000007","CurrentTime":"20260912173041","IsOnline":"2"}]}}]}}'
)


def document(**members: object) -> bytes:
    """As JSON."""
    return json.dumps(members, ensure_ascii=False).encode()


def notification(**lists: object) -> bytes:
    """One notification of these lists."""
    return document(
        SubscribeNotificationListObject={"SubscribeNotificationObject": [{"NotificationID": "n1", **lists}]}
    )


def states(*told: object) -> bytes:
    """States as they are told."""
    return document(APEStatusListObject={"APEStatusObject": list(told)})


GOOD = [
    Good(STATE, online=False, timeless=True),
    Good(states(state(APE, True)), online=True, timeless=True),
    Good(document(APEStatusObject={"ApeID": APE, "IsOnline": 1}), online=True, timeless=True),
    Good(states({"ApeID": APE, "IsOnline": "9"}, state(APE, False)), online=False, timeless=True),
    Good(states(state(APE, True), state(GATE, True)), timeless=True),
    Good(document(KeepaliveObject={"DeviceID": APE}), timeless=True),
    Good(document(DeviceID=APE), timeless=True),
    Good(document(APEListObject={"APEObject": [device(APE, "东门")]}), online=True, timeless=True),
    Good(notification(TollgateObjectList={"TollgateObject": [tollgate(GATE, "东门卡口")]})),
    Good(notification(LaneObjectList={"LaneObject": [{"LaneId": 1}]}), unused=("LaneObjectList",)),
    Good(notification(DeviceList=None, **people(["浙A12345"], ["张三", "李四"], "x")), private=6),
    Good(notification(WhateverList={"WhateverObject": [{}, {}, {}]}), private=3),
    Good(document(FaceListObject={"FaceObject": [{"FaceID": "f"}] * 3}), private=3),
    Good(
        notification(DeviceStatusList={"APEStatusObject": [{**state(APE, True), "PlateNo": "浙A12345"}]}),
        online=True, timeless=True, private=1,
    ),
]  # fmt: skip
BAD = [
    Bad(b"{}", "missing_field", "no device, state, tollgate"),
    Bad(b"[]", "not_an_object", "SubscribeNotificationListObject"),
    Bad(b'{"APEListObject":', "not_json"),
    Bad(STATE.decode().replace("n1", "东门").encode("gb18030"), "not_utf8"),
    Bad(document(APEListObject={"APEObject": ["浙A12345"]}), "bad_field", "APEObject"),
    Bad(document(APEListObject={"APEObject": [{"ApeID": "浙A12345"}]}), "bad_address", "20 digits"),
    Bad(document(APEListObject={"APEObject": [{}]}), "bad_address", "ApeID is null"),
    Bad(document(APEStatusObject={"ApeID": APE, "IsOnline": "yes"}), "bad_field", "1 (online), 2 (offline)"),
    Bad(document(KeepaliveObject={"DeviceID": "1"}), "bad_address", "DeviceID"),
    Bad(states(state(APE, True), {"ApeID": "x"}), "bad_address", "20 digits"),
    Bad(document(KeepaliveObject={}), "bad_address", "DeviceID is null"),
]
FRAMES = Frames(decode, GOOD, BAD)
