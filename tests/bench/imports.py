"""How long a sheet of devices takes: imported, again, changed, wrong, exported: ./run bench imports --devices 10000."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from devices.sheets.writing import COLUMNS, Workbook, csv_lines
from tests.support.broker import Mosquitto, find_mosquitto
from tests.support.hub import Hub
from tests.support.measure import rss_mb
from tests.support.stores import open_any_store

STREETS = ("文三路", "知行路", "星河街", "梧桐路")
METRICS = {f"m{n}": {"name": f"M{n}", "unit": "1"} for n in range(5)}


def main() -> None:
    """Import a sheet as an integrator does, with `hub devices import` beside a hub that serves; print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--form", choices=("csv", "xlsx"), default="csv")
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    given = parser.parse_args()
    program = find_mosquitto()
    if program is None:
        sys.exit("mosquitto is not installed: apt-get install mosquitto mosquitto-clients")
    with open_any_store(given.store) as store, store.database() as url, tempfile.TemporaryDirectory() as folder:
        figures: dict[str, object] = {"devices": given.devices, "form": given.form, "store": store.told}
        broker = Mosquitto(program, Path(folder)).start()
        hub = Hub(url, broker.port, Path(folder))
        try:
            hub.start().put("/profiles/air", name="Air", metrics=METRICS)
            figures |= _measure(hub, Path(folder), given.devices, given.form)
        finally:
            hub.close()
            broker.stop()
    sys.stdout.write(json.dumps(figures, ensure_ascii=False) + "\n")


def _measure(hub: Hub, folder: Path, devices: int, form: str) -> dict[str, object]:
    sheet, changed, bad = (folder / f"{name}.{form}" for name in ("devices", "changed", "bad"))
    _write(sheet, devices, {})
    _write(changed, devices, dict.fromkeys(range(0, devices, 100), "renamed"))
    _write(bad, devices, dict.fromkeys(range(0, devices, 100), "x" * 201))
    figures: dict[str, object] = {"sheet_mb": round(sheet.stat().st_size / 2**20, 1)}
    before = rss_mb(hub.pid)
    figures["first_s"], told = _import(hub, sheet)
    assert f"{devices:,} created" in told, told
    hub.wait_for_devices(devices)
    figures["rss_mb_more"] = round(rss_mb(hub.pid) - before)
    figures["again_s"], told = _import(hub, sheet)
    assert f"{devices:,} as before" in told, told
    figures["one_in_100_changed_s"], told = _import(hub, changed)
    assert f"{len(range(0, devices, 100)):,} changed" in told, told
    figures["dry_run_s"], told = _import(hub, sheet, "--dry-run")
    report = folder / "report.xlsx"
    figures["one_in_100_wrong_s"], told = _import(hub, bad, "--report", str(report), status=1)
    assert "nothing was imported" in told, told
    exported = folder / f"exported.{form}"
    figures["export_s"], _ = _run(hub, "export", str(exported))
    figures["back_again_s"], told = _import(hub, exported)
    assert f"{devices:,} as before" in told, told
    return figures


def _write(path: Path, devices: int, names: dict[int, str]) -> None:
    """One pole with nine sensors after the other, all columns filled."""
    lines = []
    for n in range(devices):
        parent = f"dev-{n - n % 10:06}" if n % 10 else None
        name = names.get(n, f"{STREETS[n % 4]}{n}号空气站")
        place = 119.9 + n % 1000 * 1e-4, 30.2 + n // 1000 * 1e-4
        more = (
            *place,
            "gcj02",
            "Asia/Shanghai",
            None,
            f"imei={n:015}",
            "active",
            f"street={STREETS[n % 4]}; floor={n % 9}",
        )
        lines.append((f"dev-{n:06}", name, "air", parent, f"org-{n % 20}", "330110005000", *more))
    if path.suffix == ".csv":
        path.write_bytes(csv_lines([COLUMNS, *lines]))
        return
    book = Workbook()
    book.add([COLUMNS])
    book.add(lines)
    book.save(path)


def _import(hub: Hub, sheet: Path, *options: str, status: int = 0) -> tuple[float, str]:
    return _run(hub, "import", str(sheet), *options, status=status)


def _run(hub: Hub, *arguments: str, status: int = 0) -> tuple[float, str]:
    """Seconds that a command takes as a user waits for it, and what it prints."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "app.main", "devices", *arguments],
        env={**os.environ, "HUB_URL": f"http://127.0.0.1:{hub.port}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return round(time.monotonic() - began, 1), done.stdout


if __name__ == "__main__":
    main()
