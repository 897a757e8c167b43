"""What `hub video check` says of a source that cannot be read (app/cli/video.py)."""

import json
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import video as verbs
from app.video.check import Wanted
from devices.cameras.failure import CameraFailed
from hub.words.sentence import Sentence
from ingest.video.messages import Figures, Found, Up


def test_a_source_without_a_frame_is_told_by_its_fault_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(*_given: object) -> None:
        raise ExceptionGroup("", [CameraFailed("connect", Sentence("refusal.camera.analysis", error="none"))])

    monkeypatch.setattr(verbs, "_checked", failing)
    told = CliRunner().invoke(verbs.video, ["check", "clip.mp4", "--lang", "en"])
    assert told.exit_code == 1
    assert told.output == "the analysis cannot be used: none\n"


def test_a_stream_of_which_nothing_came_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(*_given: object) -> None:
        """Until its time is over."""

    monkeypatch.setattr(verbs, "_checked", silent)
    told = CliRunner().invoke(verbs.video, ["check", "rtsp://127.0.0.1/1", "--seconds", "3", "--lang", "en"])
    assert told.exit_code == 1
    assert "no picture has come" in told.output


def test_times_of_a_stream_count_from_its_begin_and_a_finding_tells_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def black(*given: object) -> None:
        began = time.monotonic()
        printing = given[-1]
        assert isinstance(printing, verbs._Printing)
        printing.take(Found(0, 0, began + 4, "black", "active", 1.0, None, {}, box=(0.1, 0.2, 0.3, 0.4)))
        printing.take(Figures(0, 1.0, 0.1, 100, 1, 1, 0, {}))

    monkeypatch.setattr(verbs, "_checked", black)
    told = CliRunner().invoke(verbs.video, ["check", "rtsp://127.0.0.1/1", "--json"])
    found = json.loads(told.output.splitlines()[0])
    assert 4 <= found["t"] < 5
    assert found["box"] == [0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize(
    ("options", "looked_for", "left_out"),
    [
        ([], {"black", "flame", "smoke"}, {"intrusion", "object_left"}),
        (["--kinds", "all"], {"black", "flame", "intrusion", "level"}, set[str]()),
        (["--kinds", "flood, black"], {"black", "flood"}, {"flame"}),
        (["--settings", "zones.json"], {"flood"}, {"black"}),
        (["--settings", "zones.json", "--kinds", "smoke"], {"smoke"}, {"flood"}),
    ],
)
def test_what_is_looked_for_is_chosen(
    options: list[str], looked_for: set[str], left_out: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = dict[str, object]()

    async def checked(_source: str, _user: object, _password: object, wanted: Wanted, *_more: object) -> None:
        asked.update(json.loads(wanted.settings))

    monkeypatch.setattr(verbs, "_checked", checked)
    monkeypatch.chdir(tmp_path)
    Path("zones.json").write_text('{"kinds": ["flood"]}')
    told = CliRunner().invoke(verbs.video, ["check", "clip.mp4", *options])
    assert told.exit_code == 0, told.output
    kinds = set(asked["kinds"])  # type: ignore[call-overload]
    assert looked_for <= kinds
    assert not left_out & kinds


def test_bad_lines_of_a_patrol_are_told_at_once_with_their_numbers_and_no_password(tmp_path: Path) -> None:
    cameras = tmp_path / "cameras.txt"
    cameras.write_text(
        "# of the harbour\ngate rtsp://10.1.2.3/1\nyard\nroof ftp://me:s3cret@10.1.2.3/\ngate rtsp://10.1.2.4/\n"
    )
    told = CliRunner().invoke(verbs.video, ["patrol", str(cameras), "--lang", "en"])
    assert told.exit_code == 1
    said = [
        line for line in told.output.splitlines() if line.startswith(str(cameras))
    ]  # which hub it is may be told, too
    assert [line.partition(", ")[2][:7] for line in said] == ["line 3,", "line 4,", "line 5:"]
    assert "s3cret" not in told.output


@pytest.mark.parametrize(("faults", "failed", "status"), [(0, 0, 0), (3, 0, 0), (0, 1, 1), (0, 4, 1)])
def test_a_round_tells_what_it_came_to_and_fails_when_a_camera_shows_nothing(
    faults: int, failed: int, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def round_(*_given: object) -> dict[str, float]:
        counts = {"cameras": 4, "fine": 4 - faults - failed, "faults": faults, "failed": failed}
        return {**counts, "round_s": 61.25, "judging_cpu_s": 1.0}

    monkeypatch.setattr(verbs, "patrolled", round_)
    (cameras := tmp_path / "cameras.txt").write_text("gate rtsp://10.1.2.3/1\n")
    told = CliRunner().invoke(verbs.video, ["patrol", str(cameras), "--lang", "en"])
    assert told.exit_code == status, told.output
    assert f"a full round of 4 cameras took 61.2 s: {4 - faults - failed} fine, {faults} with faults" in told.output


def test_what_cannot_be_written_is_refused_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def begun(*_given: object) -> None:
        raise AssertionError

    monkeypatch.setattr(verbs, "_checked", begun)
    monkeypatch.setattr(verbs, "patrolled", begun)
    clip, cameras = tmp_path / "clip.mp4", tmp_path / "cameras.txt"
    clip.write_bytes(b"kept")
    cameras.write_text("gate rtsp://10.1.2.3/1\n")
    for given, said in (
        (["check", str(clip), "--save-overlay", str(clip)], "is what is read"),
        (["patrol", str(cameras), "--memory", str(tmp_path / "no" / "places.json")], "there is no folder"),
    ):
        told = CliRunner().invoke(verbs.video, [*given, "--lang", "en"])
        assert told.exit_code == 1
        assert said in told.output
    assert clip.read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--lang", "en"],
            [
                "file, 426 x 240",
                "findings: 1; frames looked at: 4 of 20",
                "smoke, stripes, under_exposure; more with --kinds",
            ],
        ),
        (
            ["--lang", "en", "--kinds", "level,flood"],
            ["looked for: flood, level;", "level: its settings draw no gauges"],
        ),
        (
            ["--lang", "zh", "--kinds", "level"],
            ["文件，426 x 240", "开始      黑屏 black 1.00", "发现 1 项", "已查找：水位 level；", "没有标出水尺"],
        ),
    ],
)
def test_it_ends_with_what_was_looked_for(options: list[str], said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    async def black(*given: object) -> None:
        printing = given[-1]
        assert isinstance(printing, verbs._Printing)
        printing.take(Up(0, "file", 426, 240))
        printing.take(Found(0, 0, 1.0, "black", "active", 1.0, None, {}))
        printing.take(Figures(0, 1.0, 0.1, 100, 20, 4, 0, {}))

    monkeypatch.setattr(verbs, "_checked", black)
    told = CliRunner().invoke(verbs.video, ["check", "clip.mp4", *options])
    assert told.exit_code == 0, told.output
    for each in said:
        assert each in told.output


@pytest.mark.parametrize(("analysed", "says"), [(1, "only 0.0 s were looked at"), (30, "only 5.8 s"), (41, None)])
def test_nothing_found_in_what_is_short_is_no_all_clear(
    analysed: int, says: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*given: object) -> None:
        given[-1].take(Figures(0, 1.0, 0.1, 100, 5 * analysed, analysed, 0, {}))  # type: ignore[attr-defined]

    monkeypatch.setattr(verbs, "_checked", nothing)
    told = CliRunner().invoke(verbs.video, ["check", "clip.mp4", "--lang", "en"]).output
    assert says in told if says else "were looked at:" not in told, told


def test_a_round_is_told_in_the_language_of_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "cameras": 40, "visited": 30, "began_at": "2026-11-30T08:00:00+00:00", "ended_at": None, "fine": 20,
        "faults": 4, "failed": 6, "not_visited": {"login": 2, "waiting": 8}, "last_s": 80.4, "last_cameras": 40,
        "every_s": 3600, "outages": [{"place": "10.20.1.0/24", "cameras": 5}],
    }  # fmt: skip
    monkeypatch.setattr(verbs, "call", lambda *_args: httpx.Response(200, json=found))
    assert CliRunner().invoke(verbs.video, ["patrol", "--status", "--lang", "zh"]).stdout.splitlines() == [
        "已巡检 30 / 40 路；本轮进行中，2026-11-30T08:00:00 开始",
        "正常 20 路，画面故障 4 路，无画面 6 路",
        "本轮未查看：2 路不久前拒绝登录，8 路等待轮到",
        "5 路摄像机成片无应答，状态保持不变：10.20.1.0/24",
        "上一轮用时 80 秒，共 40 路；每 3600 秒开始一轮",
    ]
    assert CliRunner().invoke(verbs.video, ["patrol", "--status", "--lang", "en"]).stdout.splitlines()[2:] == [
        "not looked at in this round: 2 refused the login a short while ago, 8 wait for their turn",
        "5 cameras do not answer together, and are as they were: 10.20.1.0/24",
        "the last round took 80 s for 40 cameras; a round begins every 3600 s",
    ]
