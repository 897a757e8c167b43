"""What stands in the timeline of an alert, in words."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any

from hub.alerts.desk_steps import details_told
from hub.words import Lang, text


def kind_told(what: str, kind: str, lang: Lang) -> str:
    """What happened: a kind of change, or the state of a delivery."""
    return text(f"push.change.{kind}", lang) if what == "change" else text(f"timeline.delivery.{kind}", lang)


def said(item: Mapping[str, Any], lang: Lang, zone: tzinfo = UTC) -> list[str]:
    """What was given with it: the receipt of a delivery, the details of a step, the note."""
    receipt = item["receipt"]
    told = [
        None if receipt is None else text(f"timeline.receipt.{receipt}", lang),
        details_told(item["kind"], item["details"], lang, zone),
        item["note"],
    ]
    return [each for each in told if each]
