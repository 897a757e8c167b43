"""What stands in the timeline of an alert, in words."""

from hub.words import Lang, text


def kind_told(what: str, kind: str, lang: Lang) -> str:
    """What happened: a kind of change, or the state of a delivery."""
    return text(f"push.change.{kind}", lang) if what == "change" else text(f"timeline.delivery.{kind}", lang)
