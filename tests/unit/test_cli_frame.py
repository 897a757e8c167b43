"""`hub frame check` in a terminal: the verdict, the place of the fault and its reason in either language."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.frame import frame
from tests.support.frames_meters import FLOW

PACK = b'[{"n": "a", "v": 1}, {"n": "b", "v": "x"}]'


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", ["partly refused", "value_not_a_number  at record 1, $[1].v, line 1, column 38, byte 37:"]),
        ("zh", ["部分拒收", "value_not_a_number，数值无效  位于 第 1 条记录、$[1].v、第 1 行第 38 列，字节 37："]),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, lang: str, said: list[str]) -> None:
    file = tmp_path / "pack.json"
    file.write_bytes(PACK)
    result = CliRunner().invoke(frame, ["check", "--lang", lang, str(file)], env={"COLUMNS": "200"})
    assert result.exit_code == 1
    assert [words for words in said if words not in result.output] == []
    shown, caret = next(
        (line, below)
        for line, below in zip(result.output.splitlines(), result.output.splitlines()[1:], strict=False)
        if below.strip() == "^"
    )
    assert shown[caret.index("^") :] == '"x"}]'


def test_a_binary_frame_is_shown_in_hexadecimal_digits_and_so_is_the_answer(tmp_path: Path) -> None:
    file = tmp_path / "frame"
    file.write_bytes(FLOW)
    good = CliRunner().invoke(frame, ["check", "--lang", "en", str(file)], env={"COLUMNS": "200"})
    assert good.exit_code == 0
    assert "the hub answers once it is stored: 68 08 68 33 53 03 81 0D 00 C0 00 3E 16" in good.output
    file.write_text((FLOW[:-2] + b"\x36\x16").hex(" "))
    wrong = CliRunner().invoke(frame, ["check", "--lang", "en", "--hex", str(file)], env={"COLUMNS": "200"})
    assert wrong.exit_code == 1
    shown, caret = wrong.output.splitlines()[-2:]
    assert shown[caret.index("^^") :] == "36 16"


def test_a_payload_may_be_given_as_its_digits() -> None:
    digits = "02 03 08 01 F4 00 C8 01 F4 00 41 91 2D"
    told = CliRunner().invoke(frame, ["check", "--lang", "en", "--form", "modbus-rtu", "--hex", digits])
    assert "No such file" not in told.output
    assert "checksum" in told.output, told.output
    missing = CliRunner().invoke(frame, ["check", "--hex", "zz"])
    assert "zz: No such file" in missing.output
    assert "no payload in hexadecimal digits either" in missing.output
    assert "hexadecimal" not in CliRunner().invoke(frame, ["check", "nowhere.json"]).output


@pytest.mark.parametrize(
    "given",
    [
        ["cayenne", "--hex", "03 67 01 10 05 67 00 FF"],
        ["cayenne", "036701100567 00FF"],
        ["cayenne", "03", "67", "01", "10", "05", "67", "00", "FF"],
        ["cayenne", "FILE"],
        ["FILE", "--form", "cayenne"],
    ],
)
def test_the_protocol_stands_before_the_payload_or_in_an_option(tmp_path: Path, given: list[str]) -> None:
    file = tmp_path / "frame"
    file.write_bytes(bytes.fromhex("03670110056700FF"))
    words = [str(file) if word == "FILE" else word for word in given]
    told = CliRunner().invoke(frame, ["check", "--lang", "en", *words], env={"COLUMNS": "200"})
    assert (told.exit_code, "27.2" in told.output) == (0, True), told.output


@pytest.mark.parametrize("options", [["gb26875"], ["gb26875", "--hex"], []])
def test_digits_of_a_frame_that_is_longer_than_a_name_of_a_file_may_be(options: list[str]) -> None:
    told = CliRunner().invoke(frame, ["check", "--lang", "en", *options, "40" * 300], env={"COLUMNS": "400"})
    assert (told.exit_code, "refused" in told.output) == (1, True), told.output


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["hj221", "x.bin"], "hj221: there is no protocol of that name; did you mean hj212?"),
        (["--form", "sparkplug", "x.bin"], "did you mean sparkplug-NBIRTH or sparkplug-NDEATH"),
        (["hj212", "--form", "sl651", "x.bin"], "hj212 and --form sl651: write one of them"),
        (["hj212", "x.bin"], "x.bin: No such file"),
        (["a.bin", "b.bin"], "a.bin: there is no protocol of that name"),
    ],
)
def test_what_is_not_clear_is_told_with_what_would_be(given: list[str], said: str) -> None:
    told = CliRunner().invoke(frame, ["check", *given], env={"COLUMNS": "400"})
    assert told.exit_code != 0
    assert said in told.output
