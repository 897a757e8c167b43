"""What a PDF document does with whatever people, devices and outside systems have written."""

import io
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from api.pdf import rendering
from api.pdf.rendering import rendered
from api.problems import ProblemError
from hub.children import Limits
from hub.words import LANGS, Lang, text
from tests.support.documents import close, folder_of_fonts, pages, with_fonts

pytestmark = with_fonts

MARKUP = (
    '#import "/etc/passwd": *', "#panic()", "$x^2$", "*bold*", "_italic_", "`raw`", "<label> @ref", "= heading",
    "- item", "+ item", "\\", "// comment", "/* comment */", "#set text(0pt)", "[content]", "~", "--", "https://a.example",
    '"); panic("', "#{", "火灾 #警情 *重大*",
)  # fmt: skip


def _document(*cells: str, title: str = "Timeline") -> dict[str, Any]:
    table = {"title": "Log", "columns": ["what"], "widths": [1], "rows": [[cell] for cell in cells]}
    return {"title": title, "printed": "2026-11-29", "facts": [], "tables": [table], "words": {"none": "none"}}


async def _read(data: dict[str, Any], lang: Lang = "zh") -> list[str]:
    """The text of each page."""
    return pages(await rendered("plain", data, lang, None))


async def test_markup_in_text_is_printed_as_it_is() -> None:
    [page] = await _read(_document(*MARKUP, title="#title *x*"))
    lines = [close(line) for line in page.splitlines()]
    wanted = [close(text) for text in MARKUP]
    assert "#title*x*" in lines
    assert [line for line in lines if line in wanted] == wanted


async def test_what_cannot_be_seen_is_seen_to_be_there() -> None:
    hidden = ("a\x00b\x1b[31mc\x7fd", "exe\u202egpj.\u202c", "\u2067x\u2069\u200fy", "z\ud800z")
    [page] = await _read(_document(*hidden), "en")
    shown = ("a\ufffdb\ufffd[31mc\ufffdd", "exe\ufffdgpj.\ufffd", "\ufffdx\ufffd\ufffdy", "z\ufffdz")
    assert set(shown) <= set(page.splitlines())


async def test_a_megabyte_in_one_cell_goes_on_over_pages() -> None:
    note = "火灾报警 #b " * 60_000
    read = PdfReader(io.BytesIO(await rendered("plain", _document(f"{note}最后"), "zh", None))).pages
    assert len(read) > 50
    assert read[-1].extract_text().splitlines()[-2].endswith("最后")


async def test_a_long_word_stays_on_the_page() -> None:
    [page] = await _read(_document("x" * 1000))
    assert max(map(len, page.splitlines())) < 200


@pytest.mark.parametrize("lang", LANGS)
async def test_too_much_data_is_refused_before_a_process_is_started(lang: Lang) -> None:
    with pytest.raises(ProblemError) as refused:
        await rendered("plain", _document("x" * (rendering.MOST_BYTES + 1)), lang, None)
    assert (refused.value.status, refused.value.detail) == (413, text("pdf.too_large", lang))


async def test_a_document_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "LIMITS", Limits(cpu_s=1))
    with pytest.raises(ProblemError) as refused:
        await rendered("plain", _document("确认 #b " * 500_000), "en", None)
    assert (refused.value.status, refused.value.detail) == (503, text("pdf.too_long", "en"))


async def test_a_document_that_takes_too_long_on_the_clock_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "LONGEST_S", 0.01)
    with pytest.raises(ProblemError) as refused:
        await rendered("plain", _document("x"), "en", None)
    assert refused.value.status == 503


async def test_no_font_with_chinese_is_said_and_a_folder_of_fonts_helps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, config = folder_of_fonts(), tmp_path / "fonts.conf"
    config.write_text(f'<?xml version="1.0"?><fontconfig><dir>{tmp_path}</dir></fontconfig>')
    monkeypatch.setenv("FONTCONFIG_FILE", str(config))
    with pytest.raises(ProblemError) as refused:
        await rendered("plain", _document("火灾"), "zh", None)
    assert (refused.value.status, refused.value.detail) == (503, text("pdf.no_font", "zh"))
    assert (await rendered("plain", _document("火灾"), "zh", folder)).startswith(b"%PDF-")
