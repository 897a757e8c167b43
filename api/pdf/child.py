"""The process that makes a PDF: JSON on its standard input, the PDF on its standard output.

python -m api.pdf.child TEMPLATE [FOLDER OF FONTS]
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

os.environ["RAYON_NUM_THREADS"] = "1"  # a thread a core, each with its arenas, would need the address space of all

import typst

from api.pdf import NO_FONT

TEMPLATES = Path(__file__).parent / "templates"
FAMILIES = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN",
    "Noto Serif CJK SC", "Noto Serif SC", "Source Han Serif SC", "Source Han Serif CN",
    "Microsoft YaHei", "SimHei", "SimSun", "FangSong", "KaiTi",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback",
)  # fmt: skip
"""With simplified Chinese; the first that is there."""
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Controls, marks that turn the order of what is read, and halves of characters."""
_UNBROKEN = re.compile(r"[!-~]{37,}")
"""A word longer than a UUID; Chinese breaks anywhere by itself."""
_EIGHT = re.compile(r".{8}")


def shown(value: Any) -> Any:
    """A JSON value with its text as it may be printed: what cannot be seen becomes U+FFFD, long words may break."""
    match value:
        case str():
            return _UNBROKEN.sub(_breakable, _INVISIBLE.sub("\ufffd", value.replace("\r\n", "\n")))
        case list():
            return [shown(each) for each in value]
        case dict():
            return {key: shown(each) for key, each in value.items()}
    return value


def _breakable(word: re.Match[str]) -> str:
    return _EIGHT.sub("\\g<0>\u200b", word[0])


def family(found: Iterable[typst.FontInfo], folder: str | None) -> str | None:
    """The font for all text: the first of FAMILIES, otherwise any from the folder; None: there is none."""
    fonts = [*found]
    names = {font.family for font in fonts}
    own = (font.family for font in fonts if folder is not None and (font.path or "").startswith(folder))
    return next((name for name in FAMILIES if name in names), next(own, None))


def main(template: str, folder: str | None = None) -> int:
    """Make one PDF."""
    data = shown(json.load(sys.stdin.buffer))
    fonts = typst.Fonts(include_system_fonts=True, font_paths=[] if folder is None else [folder])
    if (chosen := family(fonts.fonts(), folder)) is None:
        return NO_FONT
    given = {"data": json.dumps(data, ensure_ascii=False), "font": chosen}
    made = typst.compile(TEMPLATES / f"{template}.typ", root=TEMPLATES, font_paths=fonts, sys_inputs=given)
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
