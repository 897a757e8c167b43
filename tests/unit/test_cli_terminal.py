"""What a device sends is shown on a terminal, and never drives it."""

from io import StringIO

import pytest
from rich.table import Table
from rich.text import Text

from app.cli.terminal import Terminal

HOSTILE = "a\x1b[2J\x1b]0;own\x07b\x9b31m\rc\u202ed\x7f"
SHOWN = "a␛[2J␛]0;ownb·31mc·d␡"  # rich itself leaves out bell and carriage return


@pytest.mark.parametrize("soft_wrap", [True, False])
def test_control_characters_are_shown_in_texts_and_tables(soft_wrap: bool) -> None:
    file = StringIO()
    terminal = Terminal(file=file, width=120, highlight=False, color_system=None, force_terminal=True)
    terminal.print(Text(f"{HOSTILE}\nnext"), soft_wrap=soft_wrap)
    table = Table("payload")
    table.add_row(Text(HOSTILE))
    terminal.print(table, soft_wrap=soft_wrap)
    terminal.print(HOSTILE, markup=False, soft_wrap=soft_wrap)
    told = file.getvalue()
    assert not set(told) & (set(map(chr, (*range(32), *range(0x7F, 0xA0), 0x202E))) - {"\n"}), repr(told)
    assert told.count(SHOWN) == 2, told
    assert f"{SHOWN}\nnext\n" in told


def test_its_own_colours_stay() -> None:
    file = StringIO()
    Terminal(file=file, force_terminal=True, color_system="standard").print(Text("wrong", style="red"))
    assert file.getvalue() == "\x1b[31mwrong\x1b[0m\n"
