"""A frame check report as JSON, shared by the command line and the API."""

from collections.abc import Iterable
from typing import Any

from devices.diagnosis.frame_check import Flaw, Report
from devices.diagnosis.frame_forms import FRAMES
from hub.models import LEVEL_NAMES, Micros, from_micros
from hub.words import Lang
from hub.words.sentence import told

READINGS_SHOWN = 500
_PLACE = ("path", "line", "column", "byte", "excerpt")


def as_object(report: Report, lang: Lang = "en") -> dict[str, Any]:
    """A report as a JSON object with its texts in a language; of its readings the first 500."""
    return {
        "form": report.form,
        "verdict": report.verdict,
        "readings": [
            {**each._asdict(), "ts": _written(each.ts), "note": told(each.note, lang)}
            for each in report.readings[:READINGS_SHOWN]
        ],
        "readings_total": len(report.readings),
        "events": [
            {
                "kind": each.kind,
                "ts": _written(each.ts),
                "state": each.state,
                "level": None if each.level is None else LEVEL_NAMES[each.level - 1],
                "attributes": each.attributes,
            }
            for each in report.events
        ],
        "says": told(report.says, lang),
        "answer": _answer(report),
        "flaws": flaws(report.flaws, lang),
        "private": report.private,
        "timeless": report.timeless,
        "remarks": [told(remark, lang) for remark in report.remarks],
    }


def flaws(found: Iterable[Flaw], lang: Lang = "en") -> list[dict[str, Any]]:
    """Flaws of a payload and their locations, as JSON."""
    return [
        {
            "reason": flaw.reason,
            "detail": told(flaw.detail, lang),
            "at": flaw.at,
            "record": flaw.record,
            **{name: None if flaw.place is None else getattr(flaw.place, name) for name in _PLACE},
        }
        for flaw in found
    ]


def _answer(report: Report) -> str:
    """As text, or in hexadecimal digits where the protocol is none of text."""
    return report.answer.hex(" ").upper() if FRAMES[report.form].is_binary else report.answer.decode("latin-1")


def _written(ts: Micros | None) -> str | None:
    return None if ts is None else from_micros(ts).isoformat().replace("+00:00", "Z")
