"""Bytes as text and as JSON: what is declared to be UTF-8 and is GBK is read as that, and remarked."""

import json
import re
from typing import Any

from hub.warnings.fields import Remarks
from hub.warnings.message import MAX_BYTES, WarningRefused
from hub.words.sentence import Sentence

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_GB = {"gbk", "gb2312", "gb18030", "gb_2312-80", "cp936"}
MAX_DEPTH = 40


def as_text(body: bytes, remarks: Remarks) -> str:
    """WarningRefused for what is too large, empty, or in an encoding that is not read."""
    if len(body) > MAX_BYTES:
        raise WarningRefused(Sentence("warning.refused.size", most=MAX_BYTES >> 20))
    if not body.strip():
        raise WarningRefused(Sentence("warning.refused.empty"))
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(body, "utf-16")
    declared = found[1].decode().lower() if (found := _DECLARED.match(body)) else "utf-8"
    if declared in _GB:
        return _decoded(body, "gb18030")
    if declared in ("utf-16", "utf16"):
        return _decoded(body, "utf-16")
    if declared not in ("utf-8", "utf8", "us-ascii", "ascii"):
        raise WarningRefused(Sentence("warning.refused.encoding_declared", encoding=declared))
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        try:
            text = body.decode("gb18030")
        except UnicodeDecodeError:
            raise WarningRefused(Sentence("warning.refused.encoding", at=error.start)) from error
        remarks.add("wrong_encoding")
        return text


def _decoded(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        raise WarningRefused(Sentence("warning.refused.encoding", at=error.start)) from error


def as_json(body: bytes, remarks: Remarks) -> Any:
    """The value; WarningRefused for what is no JSON."""
    try:
        return json.loads(as_text(body, remarks))
    except RecursionError as error:
        raise WarningRefused(Sentence("warning.refused.json", problem="it is nested too deeply")) from error
    except ValueError as error:
        raise WarningRefused(Sentence("warning.refused.json", problem=str(error)[:200])) from error
