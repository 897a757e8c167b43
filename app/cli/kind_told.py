"""Kinds of findings of video at the command line: by their codes, which settings and labels take, and their names."""

from hub.words import Lang
from hub.words.findings import finding_name


def kind_told(kind: str, lang: Lang) -> str:
    """A kind as people read it there: `flame`, which is an English word, or `明火 flame`."""
    return kind if lang == "en" else f"{finding_name(kind, lang)} {kind}"
