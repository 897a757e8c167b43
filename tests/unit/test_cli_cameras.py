"""What `hub cameras` says before it asks the hub (app/cli/cameras.py)."""

from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import cameras as verbs


@pytest.mark.parametrize(
    ("kind", "options", "looked_for"),
    [("rtsp", [], set()), ("rtsp", ["--fires"], {"flame", "smoke", "black"}), ("onvif", ["--fires"], None)],
)
def test_flames_are_looked_for_where_that_is_asked_for(
    kind: str, options: list[str], looked_for: set[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[dict[str, Any]]()

    def call(*_given: object, json: dict[str, Any]) -> httpx.Response:
        asked.append(json)
        return httpx.Response(201, json={"secret": None, "url": "rtsp://10.1.2.3/1"})

    monkeypatch.setattr(verbs, "call", call)
    told = CliRunner().invoke(verbs.cameras, ["add", kind, "gate-1", "rtsp://10.1.2.3/1", *options])
    assert told.exit_code == (looked_for is None), told.output
    if looked_for is None:
        assert not asked
    else:
        assert looked_for <= set(asked[0].get("analysis", {}).get("kinds", ()))
        assert ("--fires looks for them" in told.output) == (not looked_for)


@pytest.mark.parametrize("month", ["2026-13", "November", "2026"])
def test_a_month_that_is_none_is_told_as_one(month: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "call", lambda *_args, **_more: pytest.fail("the hub was asked"))
    told = CliRunner().invoke(verbs.cameras, ["rates", "--month", month], env={"COLUMNS": "200"})
    assert told.exit_code == 1
    assert f"--month {month}: write a year and a month, such as 2026-11" in told.output


CAMERA = {
    "device": "gate-4", "kind": "rtsp", "enabled": True, "state": "up", "pushes": False, "url": "rtsp://10.20.1.9/2",
    "since": "2026-11-30T08:00:00+00:00", "last_error": None, "patrolled": True,
    "figures": {"faults": {"blur": 0.9}, "pace": "half"},
}  # fmt: skip


def test_connections_are_told_in_the_language_of_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "pages", lambda *_args: [CAMERA])
    lines = CliRunner().invoke(verbs.cameras, ["list", "--lang", "zh"]).stdout.splitlines()
    assert "正常 自 2026-11-30 08:00 起" in lines[0]
    assert [line.strip() for line in lines[1:]] == [
        "画面模糊 blur", "为不超出 video.cpu 和 video.camera_cpu，已降低分析强度：只看一半的帧"
    ]  # fmt: skip
    lines = CliRunner().invoke(verbs.cameras, ["list", "--lang", "en"]).stdout.splitlines()
    assert "up since 2026-11-30 08:00" in lines[0]
    assert [line.strip()[:17] for line in lines[1:]] == ["blur", "looked at less, t"]
