"""Files of labels as editors, spreadsheets and datasets write them."""

import csv
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

from hub.errors import HubError

FORM = '{"events": [{"kind": "flame", "begin": 10, "end": 20}]}'
"""What is written as JSON."""
BETWEEN_S = 2.0
"""Flames that are away for less between two frames are one event."""
_FRAME = re.compile(r"<frameNumber>(\d+)</frameNumber>\s*<annotations>(.*?)</annotations>", re.DOTALL)
_SEPARATORS = ",;\t"


class BadLabels(HubError):
    """A file of labels cannot be used"""


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise BadLabels(f"{path} is no JSON ({error}): write {FORM}") from error


def _text(path: Path) -> str:
    """Of a file as editors and spreadsheets write it."""
    content = path.read_bytes()
    for encoding in ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise BadLabels(f"{path} is no text in UTF-8 or GB18030: save it as UTF-8")


def _csv(path: Path) -> Any:
    text = _text(path)
    head = text.partition("\n")[0].strip()
    separator = max(_SEPARATORS, key=head.count)
    with StringIO(text, newline="") as file:
        rows = csv.DictReader(file, delimiter=separator, restkey="(no column)")
        if not {"kind", "begin"} <= set(rows.fieldnames or ()):
            raise BadLabels(f"{path} has no columns kind and begin in its first line ({head}): make it kind,begin,end")
        return {"events": [{name: value for name, value in row.items() if value} for row in rows]}


def _flames(path: Path) -> Any:
    """Frames with a rectangle are `flame`; the text is searched, and nothing in it expanded."""
    text = path.read_text(encoding="utf-8", errors="replace")
    rate = re.search(r"<frameRate>([0-9.]+)</frameRate>", text)
    if rate is None or not float(rate[1]):
        raise BadLabels(f"{path} has no frameRate")
    times = [int(number) / float(rate[1]) for number, boxes in _FRAME.findall(text) if re.search(r"\d", boxes)]
    spans: list[list[float]] = []
    for t in sorted(times):
        if spans and t - spans[-1][1] <= BETWEEN_S:
            spans[-1][1] = t
        else:
            spans.append([t, t])
    return {"events": [{"kind": "flame", "begin": begin, "end": end + 1 / float(rate[1])} for begin, end in spans]}


READ: Mapping[str, Callable[[Path], Any]] = {".json": _json, ".csv": _csv, ".flames.xml": _flames}
