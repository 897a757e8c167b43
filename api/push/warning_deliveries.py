"""What consumers are sent of official warnings.

They are 预警, of the types ganzhi.warning.*, and never an alert: nobody acknowledges them, and nothing escalates.
"""

from collections.abc import Mapping
from typing import Any

from api.push.channel import Consumer, Delivery
from api.push.leased import Leased
from hub.store.statements import statements
from hub.words import Lang, text

SQL = statements(__name__)


def _made(row: Mapping[str, Any], consumer: Consumer) -> Delivery:
    lang: Lang = row["lang"] or "zh"
    id_, data = f"{row['warning_id']}.{row['seq']}", told(row, lang)
    return Delivery(id_, f"warning.{row['kind']}", row["at"], data, lang, data["area"] or None)


def told(row: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    """The data of the event: the warning, with a title that says what it is."""
    picture = row["picture"]
    texts: Mapping[str, str] = picture["texts"].get(lang) or next(iter(picture["texts"].values()), {})
    kind = text(f"warning.kind.{picture['kind']}", lang)
    headline = texts.get("headline") or picture["event"] or kind
    change = text(f"warning.change.{row['kind']}", lang)
    divisions = [division.ljust(12, "0") for division in picture["divisions"]]
    return {
        **picture,
        "title": text("warning.title", lang, change=change, headline=headline),
        "kind_name": kind,
        "divisions": divisions,
        "region": divisions[0] if divisions else None,
        "third_party": "third_party" in picture["remarks"],
    }


WARNINGS = Leased("warnings", SQL.claim, SQL.not_now, SQL.settle, None, _made)
