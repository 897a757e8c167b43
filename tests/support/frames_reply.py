"""Frames of reply JSON."""

import json
from typing import Any
from uuid import UUID

from devices.codecs.decoded import ReplyDraft
from devices.codecs.reply import decode
from tests.support.frames import Bad, Frames, Good, json_flaws

ID = UUID("6f2a1d0e-35c1-4f0b-9d53-0c6d2a7e4b11")


def _reply(**members: Any) -> bytes:
    return json.dumps({"id": str(ID), **members}).encode()


def _good(payload: bytes, result: object = None, error: str | None = None, private: int = 0) -> Good:
    return Good(payload, reply=ReplyDraft(ID, result, error), timeless=True, private=private)


GOOD = [
    _good(_reply(result={"brightness": 40}), {"brightness": 40}),
    _good(_reply(result=[1, "好", None, 2.5]), [1, "好", None, 2.5]),
    _good(_reply(result="ok", ts=1772352000000, device="lamp-1"), "ok"),
    _good(_reply(result=10**400), 10**400),
    _good(_reply()),
    _good(_reply(result=None, error=None)),
    _good(_reply(error="lamp is broken"), error="lamp is broken"),
    _good(_reply(error=""), error=""),
    _good(_reply(error={"code": 7}), error='{"code":7}'),
    _good(_reply(error=7, result=1), 1, "7"),
    _good(_reply(error="x" * 5_000), error="x" * 1_000),
    _good(b'{"id": "%s", "result": 1}' % str(ID).upper().encode(), 1),
    # the privacy gate
    _good(_reply(result={"on": True, "faceId": 3, "list": [{"plateNo": "x"}]}), {"on": True, "list": [{}]}, private=2),
    _good(_reply(result={"snapshot": "data:/9j/4AAQ"}), private=1),
    _good(_reply(result={"image": "x"}, error="no"), error="(not kept: it held a picture)", private=1),
]

BAD = [
    *json_flaws(),
    Bad(b"5", "not_an_object"),
    Bad(b"[]", "not_an_object", "a list"),
    Bad(b"{}", "reply_no_id", "no id"),
    Bad(b'{"id": null, "result": 1}', "reply_no_id"),
    Bad(b'{"id": 5}', "reply_bad_id", "5"),
    Bad(b'{"id": "lamp"}', "reply_bad_id", "'lamp'"),
    Bad(b'{"id": "{%s}"}' % str(ID)[:34].encode(), "reply_bad_id"),
    Bad(b'{"id": "%s"}' % (b"\\ud800" * 36), "reply_bad_id"),
    Bad(_reply(result="a\0b"), "nul_character"),
    Bad(_reply(error="\0"), "nul_character"),
    Bad(_reply(result={"\0": 1}), "nul_character"),
    Bad(_reply(result="\ud800"), "reply_bad_result", "surrogate"),
    Bad(_reply(result={"a": float("nan")}), "reply_bad_result", "NaN"),
    Bad(_reply(result={str(number): 1 for number in range(501)}), "too_many_values", "500"),
    Bad(_reply(result="x" * (16 << 10)), "reply_bad_result", "16,384"),
    Bad(_reply(result=json.loads("[" * 20 + "]" * 20)), "too_deep", "16 levels"),
]

FRAMES = Frames(decode, GOOD, BAD)
