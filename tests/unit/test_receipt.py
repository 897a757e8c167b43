"""Receipts of gateways as they come: objects, lists, forms, and nonsense."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from api.push.gateway import GatewaySettings
from api.push.receipt import MOST, BadReceiptError, ReceiptFields, Receipts, read_receipts

FIELDS = ReceiptFields.model_validate(
    {"id": "/data/id", "status": "/status", "reached": ["DELIVRD", 0, True], "failed": ["UNDELIV", 1]}
)

NO_IDS: list[Any] = [None, "", [], {}, 1.5, "x" * 101, "a\0", "\ud800"]


def of(id_: object, status: object) -> dict[str, Any]:
    return {"data": {"id": id_}, "status": status}


@pytest.mark.parametrize(
    ("came", "found"),
    [
        (of("a", "DELIVRD"), Receipts({"a": "DELIVRD"})),
        (of(7, 0), Receipts({"7": "0"})),
        (of("a", True), Receipts({"a": "true"})),
        (of("a", 1), Receipts({}, {"a": "1"})),
        (of("a", "ENROUTE"), Receipts(unused=1)),
        ([of("a", "DELIVRD"), of("b", "UNDELIV"), of("c", None)], Receipts({"a": "DELIVRD"}, {"b": "UNDELIV"}, 1)),
        ([], Receipts()),
        *[(of(each, 0), Receipts(unused=1)) for each in NO_IDS],
        ({"data": None, "status": 0}, Receipts(unused=1)),
        ({"data": "id", "status": 0}, Receipts(unused=1)),
    ],
)
def test_a_receipt_is_read_by_its_fields(came: Any, found: Receipts) -> None:
    assert read_receipts(json.dumps(came).encode(), False, FIELDS) == found


def test_a_form_has_the_same_words() -> None:
    fields = ReceiptFields(id="/msg id", status="/status", reached=[0], failed=["x"])
    assert read_receipts(b"msg+id=a%2B1&status=0", True, fields) == Receipts({"a+1": "0"})


@pytest.mark.parametrize(
    ("came", "form"),
    [
        (b"", False), (b"{bad", False), (b"[" * 60_000, False), (b"3", False), (b"null", False), (b"[1]", False),
        (b"\xff\x00", False), (b"9" * 5000, False), (b"\xff", True), (b"&".join([b"a=1"] * 201), True),
        (json.dumps([{}] * (MOST + 1)).encode(), False),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_no_receipt(came: bytes, form: bool) -> None:
    with pytest.raises(BadReceiptError):
        read_receipts(came, form, FIELDS)


@pytest.mark.parametrize(
    "settings",
    [
        {"receipt_id": "/id"},
        {"receipt": {"id": "/id", "status": "/s", "reached": ["x"]}},
        {"receipt_id": "/id", "receipt": {"id": "/id", "status": "/s", "reached": []}},
        {"receipt_id": "/id", "receipt": {"id": "id", "status": "/s", "reached": ["x"]}},
        {"receipt_id": "/id", "receipt": {"id": "/id", "status": "/s", "reached": ["1"], "failed": [1]}},
        {"receipt_id": "/id", "receipt": {"id": "/id", "status": "/s", "reached": [1.5]}},
    ],
)
def test_settings_that_could_prove_nothing_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings.model_validate({"success": {"contains": "ok"}, **settings})
