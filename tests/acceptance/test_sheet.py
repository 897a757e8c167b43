"""An integrator with a sheet of 1,000 devices and 20 mistakes in it, who has only the report to put them right."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from devices.places.regions import sample
from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub

HEADER = [
    "设备编码",
    "设备名称",
    "profile",
    "parent",
    "organisation",
    "region",
    "lon",
    "lat",
    "crs",
    "zone",
    "state",
    "tags",
]
PROFILES = ("air-quality", "smart-pole", "water-level")


def good(n: int) -> list[str]:
    """A pole with nine devices after the other."""
    pole = n - n % 10
    profile = "smart-pole" if n == pole else PROFILES[n % 2 * 2]
    place = f"{119.95 + n * 1e-4:.6f}", f"{30.25 + n * 1e-4:.6f}"
    more = ["Asia/Shanghai", "active", f"floor={n % 9}"]
    parent = "" if n == pole else f"site-{pole:04}"
    return [f"site-{n:04}", f"五常街道{n}号", profile, parent, "ecology", "330110005000", *place, "gcj02", *more]


MISTAKES: dict[int, tuple[str, str]] = {
    13: ("设备编码", "site 0013"),
    57: ("设备编码", "site-0056"),
    104: ("设备名称", ""),
    151: ("profile", "air-qualty"),
    202: ("profile", "smartpole"),
    255: ("parent", "site-025O"),
    301: ("region", "330110"),
    352: ("region", "330110050000"),
    403: ("region", "3.3011E+11"),
    441: ("region", "330184000000"),
    455: ("lon", "30.29"),
    505: ("lat", ""),
    556: ("lon", "119°59′10″"),
    601: ("crs", "gjc02"),
    652: ("zone", "Asia/Shangai"),
    707: ("state", "actve"),
    757: ("tags", "floor"),
    801: ("lat", "30,33"),
    909: ("state", "pending"),
    955: ("parent", "site-0955"),
}
"""By device: the column that is wrong, and what stands there."""
FIXED_BY_HAND = {
    57: "site-0057",
    104: "五常街道104号",
    403: "330110005000",
    505: "30.300500",
    707: "active",
    757: "floor=1",
    955: "",
}
"""Where the report says what is needed, but only the integrator knows the value."""
HISTORY = "code,name,valid_from,valid_to,successors\n330184000000,余杭市,1994-04-08,2001-03-12,330110000000\n"
_RIGHT = [
    re.compile(pattern)
    for pattern in (
        r"did you mean ([\w/-]+)",
        r"write lon ([\d.]+), lat [\d.]+: they",
        r"write ([\d.]+)",
        r"for example ([\w-]+)",
        r"since then it is (\d{12})",
        r"can become (\w+)",
    )
]


def wrong_sheet() -> list[list[str]]:
    lines = [good(n) for n in range(1000)]
    for n, (column, value) in MISTAKES.items():
        lines[n][HEADER.index(column)] = value
    lines[455][HEADER.index("lat")] = good(455)[HEADER.index("lon")]  # the two are swapped
    return lines


def corrected(line: list[str], n: int, column: str, right: str) -> None:
    """What a person does who reads one line of the report."""
    place = {"code": 0, "name": 1}.get(column, HEADER.index(column) if column in HEADER else -1)
    if n in FIXED_BY_HAND:
        line[HEADER.index(MISTAKES[n][0])] = FIXED_BY_HAND[n]
        return
    found = next((match[1] for pattern in _RIGHT if (match := pattern.search(right))), None)
    assert found is not None, f"the report does not say what would be right: {column}: {right}"
    if "wrong way round" in right:
        line[6], line[7] = line[7], line[6]
    else:
        line[place] = found


def save_csv(path: Path, lines: list[list[str]]) -> None:
    with path.open("w", encoding="gb18030", newline="") as out:  # as Chinese Excel does
        csv.writer(out).writerows([HEADER, *lines])


def save_xlsx(path: Path, lines: list[list[str]]) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("设备")
    for line in [HEADER, *lines]:
        sheet.append(line)
    book.save(path)


def read_report(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".xlsx":
        head, *rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
        return [{str(key): str(cell or "") for key, cell in zip(head, row, strict=True)} for row in rows]
    with path.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize(
    ("suffix", "save"), [(".csv", save_csv), pytest.param(".xlsx", save_xlsx, marks=pytest.mark.heavy)]
)
def test_twenty_mistakes_are_fixed_by_the_report_alone(
    database: str, mosquitto: Mosquitto, tmp_path: Path, suffix: str, save: Callable[[Path, list[list[str]]], None]
) -> None:
    sheet, report = tmp_path / f"devices{suffix}", tmp_path / f"report{suffix}"
    hub = Hub(database, mosquitto.port, tmp_path)
    try:
        hub.start()
        for profile in PROFILES:
            hub.put(f"/profiles/{profile}", name=profile, metrics={})
        hub.put("/devices/site-0909", name="there before", profile="air-quality", state="active")
        (tmp_path / "regions.csv").write_text(sample(), encoding="utf-8")
        (tmp_path / "history.csv").write_text(HISTORY, encoding="utf-8")

        def command(*arguments: str) -> tuple[int, str]:
            return run_hub(*arguments, env={"HUB_URL": f"http://127.0.0.1:{hub.port}"}, folder=tmp_path)

        for name in ("regions.csv", "history.csv"):
            status, told = command("regions", "load", str(tmp_path / name))
            assert status == 0, told
        lines = wrong_sheet()
        save(sheet, lines)
        status, told = command("devices", "import", str(sheet), "--report", str(report))
        assert status == 1
        assert "nothing was imported: 20 things are wrong" in told
        assert hub.api.get("/api/v1/devices/site-0000").status_code == 404

        found = read_report(report)
        assert sorted(int(item["line"]) - 2 for item in found) == sorted(MISTAKES)
        for item in found:
            n = int(item["line"]) - 2
            corrected(lines[n], n, item["column"], item["what would be right"])
        save(sheet, lines)
        status, told = command("devices", "import", str(sheet), "--dry-run")
        assert status == 0, told
        assert "999 created, 1 changed" in told
        status, told = command("devices", "import", str(sheet))
        assert status == 0, told
        assert "999 created, 1 changed, 0 as before." in told
        status, told = command("devices", "import", str(sheet))
        assert "0 created, 0 changed, 1,000 as before." in told

        exported = tmp_path / f"exported{suffix}"
        assert command("devices", "export", str(exported))[0] == 0
        status, told = command("devices", "import", str(exported))
        assert "0 created, 0 changed, 1,000 as before." in told
        hub.wait_for_devices(1000)
    finally:
        hub.close()
