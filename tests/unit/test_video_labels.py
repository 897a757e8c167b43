"""Labels of clips, and findings against them."""

import json
from pathlib import Path

import pytest

from analytics.video.evaluation.folder import clips, labelled, unread
from analytics.video.evaluation.formats import BadLabels
from analytics.video.evaluation.labels import Label, labels_of
from analytics.video.evaluation.verdict import Tally, judge, total
from analytics.video.finding import Finding


def written(folder: Path, ending: str, text: str) -> Path:
    clip = folder / "street.mp4"
    clip.touch()
    clip.with_suffix(ending).write_text(text, encoding="utf-8")
    return clip


def test_json_has_events_and_the_settings_of_the_camera(tmp_path: Path) -> None:
    events = [{"kind": "freeze", "begin": 10, "end": 20}, {"kind": "blur", "begin": 3}]
    read = labels_of(written(tmp_path, ".json", json.dumps({"events": events, "settings": {"kinds": ["freeze"]}})))
    assert read is not None
    assert read[0] == (Label(kind="freeze", begin=10, end=20), Label(kind="blur", begin=3))
    assert read[1] is not None
    assert read[1].kinds == {"freeze"}


def test_a_list_of_events_is_labels_and_what_is_wrong_in_it_is_named(tmp_path: Path) -> None:
    read = labels_of(written(tmp_path, ".json", json.dumps([{"kind": "flame", "begin": 3}])))
    assert read is not None
    assert read[0] == (Label(kind="flame", begin=3),)
    with pytest.raises(BadLabels, match=r"events\.0\.kind is missing; 'type' is meant"):
        labels_of(written(tmp_path, ".json", json.dumps([{"type": "flame", "begin": 3}])))


def test_clips_of_other_makers_are_clips(tmp_path: Path) -> None:
    for name in ("a.wmv", "b.3GP", "c.m2ts"):
        (tmp_path / name).touch()
    assert [clip.name for clip in clips(tmp_path)] == ["a.wmv", "b.3GP", "c.m2ts"]


def test_settings_that_name_no_kinds_look_for_what_is_labelled(tmp_path: Path) -> None:
    yard = {"name": "yard", "polygon": [[0, 0], [1, 0], [1, 1]]}
    events = [{"kind": "intrusion", "begin": 10, "zone": "yard"}]
    read = labels_of(written(tmp_path, ".json", json.dumps({"events": events, "settings": {"zones": [yard]}})))
    assert read is not None
    assert read[1] is not None
    assert {"intrusion", "flame", "blur"} <= read[1].kinds
    assert "crowd" not in read[1].kinds


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_has_events(tmp_path: Path, separator: str) -> None:
    table = "\ufeffkind,begin,end,zone\nfreeze,10,20,\nflame,3.5,,\n".replace(",", separator)
    read = labels_of(written(tmp_path, ".csv", table))
    assert read == ((Label(kind="freeze", begin=10, end=20), Label(kind="flame", begin=3.5)), None)


def test_rectangles_of_flames_are_flames(tmp_path: Path) -> None:
    boxes = {0: "", 10: "<_>\n 1 2 3 4</_>", 20: "<_>1 2 3 4</_>", 90: "<_>1 2 3 4</_>", 99: "\n"}
    frames = "".join(
        f"<_><frameNumber>{number}</frameNumber>\n<annotations>{box}</annotations></_>" for number, box in boxes.items()
    )
    read = labels_of(written(tmp_path, ".flames.xml", f"<x><frameRate>10</frameRate><frames>{frames}</frames></x>"))
    assert read is not None
    assert [(one.kind, one.begin, round(one.end, 2)) for one in read[0]] == [("flame", 1.0, 2.1), ("flame", 9.0, 9.1)]


def test_nobody_may_have_labelled_it(tmp_path: Path) -> None:
    (tmp_path / "a.MP4").touch()
    assert [labels_of(clip) for clip in clips(tmp_path)] == [None]
    with pytest.raises(BadLabels, match="is not there: name a clip, or a folder"):
        clips(tmp_path / "elsewhere")


def test_one_clip_may_be_named_and_what_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "a.txt").touch()
    (tmp_path / "empty").mkdir()
    assert clips(tmp_path / "a.mp4") == [tmp_path / "a.mp4"]
    with pytest.raises(BadLabels, match="is no clip by its name"):
        clips(tmp_path / "a.txt")
    with pytest.raises(BadLabels, match="there is no clip in"):
        clips(tmp_path / "empty")


@pytest.mark.parametrize(
    ("written_as", "read_as"),
    [("8.5", 8.5), ("00:00:08", 8), ("1:08", 68), ("01:02:03.5", 3723.5), (" 0:09 ", 9)],
)
def test_times_are_read_as_people_write_them(tmp_path: Path, written_as: str, read_as: float) -> None:
    read = labels_of(written(tmp_path, ".json", f'{{"events": [{{"kind": "flame", "begin": "{written_as}"}}]}}'))
    assert read is not None
    assert read[0][0].begin == read_as


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_labels_are_read_as_spreadsheets_write_them(tmp_path: Path, encoding: str) -> None:
    written(tmp_path, ".csv", "").with_suffix(".csv").write_bytes("kind,begin,说明\nflame,3,火\n".encode(encoding))
    with pytest.raises(BadLabels, match="说明"):  # a column that is none, whose name was read
        labels_of(tmp_path / "street.mp4")


def test_labels_that_are_no_text_are_told(tmp_path: Path) -> None:
    clip = written(tmp_path, ".csv", "")
    clip.with_suffix(".csv").write_bytes(b"kind,begin\n\xff\x00\n")
    with pytest.raises(BadLabels, match="no text in UTF-8 or GB18030"):
        labels_of(clip)


@pytest.mark.parametrize(
    ("ending", "text", "told"),
    [
        (".json", '{"events": [{"kind": "face", "begin": 1}]}', "events.0: 'face' is not a kind"),
        (".json", '{"events": [{"kind": "blur", "begin": 2, "end": 2}]}', "not after its begin at 2 s"),
        (".json", '{"settings": {"kinds": ["face"]}}', "settings.kinds: 'face' is not a kind"),
        (".json", '{"events": [{"kind": "abandoned_object", "begin": 1}]}', "'object_left' is meant?"),
        (".json", '{"events": [{"kind": "floood", "begin": 1}]}', "'flood' is meant?"),
        (".json", '{"events": [{"kind": "blur", "start": 1}]}', "events.0.begin is missing; 'start' is meant?"),
        (".json", '{"events": [{"kind": "blur", "begin": 1, "stop": 2}]}', "'stop' is not a member; 'end' is meant?"),
        (".json", '"blur at 1 s"', 'write {"events": '),
        (".json", '{"events": [{"kind": "blur", "begin": 1, "zone": "yard"}]}', "`settings` draws none"),
        (".json", "{", "is no JSON"),
        (".csv", "kind,begin\nblur,1,2\n", "'(no column)' is not a member"),
        (".csv", "what,when\n", "make it kind,begin,end"),
        (".csv", "kind,begin\nblur,soon\n", "events.0.begin"),
        (".csv", "kind,begin\nblur,1:99\n", "events.0.begin: '1:99' is no time: write seconds"),
        (".flames.xml", "<a/>", "no frameRate"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, ending: str, text: str, told: str) -> None:
    clip = written(tmp_path, ending, text)
    with pytest.raises(BadLabels) as refused:
        labels_of(clip)
    assert told in str(refused.value)
    assert f"street{ending}" in str(refused.value)


def active(kind: str, t: float, zone: str | None = None) -> Finding:
    return Finding(t, kind, "active", 0.9, zone, {})


def test_findings_are_found_missed_or_false() -> None:
    labels = [
        Label(kind="blur", begin=10, end=20),
        Label(kind="freeze", begin=30, end=40),
        Label(kind="flame", begin=5, zone="yard"),
        Label(kind="smoke", begin=5, judged=False),
    ]
    findings = [
        active("blur", 12.5), active("blur", 19), active("blur", 60), active("flame", 8, "roof"), active("smoke", 9),
        Finding(35, "freeze", "ended", 0.1, None, {}),
    ]  # fmt: skip
    tallies: dict[str, Tally] = {}
    wrong = judge(labels, findings, tallies)
    assert wrong == [("missed", "flame", 5), ("false", "flame", 8), ("missed", "freeze", 30), ("false", "blur", 60)]
    assert tallies["blur"].told() == {
        "events": 1, "found": 1, "missed": 0, "false": 1, "delay_s": {"median": 2.5, "worst": 2.5}
    }  # fmt: skip
    assert "smoke" not in tallies
    whole = total(tallies)
    assert (whole.events, whole.found, whole.missed, whole.false) == (3, 1, 2, 2)


def test_all_files_that_are_wrong_are_told_at_once_and_what_is_wrong_in_each(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.mp4").touch()
    (tmp_path / "a.json").write_text('[{"kind": "fire", "begin": 1}, {"kind": "flame", "start": 1}]')
    (tmp_path / "b.csv").write_text("烟雾,1,3\n", encoding="utf-8")
    (tmp_path / "c.csv").write_text("kind;begin\nsmoke;1,5\n")
    with pytest.raises(BadLabels) as refused:
        labelled(clips(tmp_path))
    first, second, third = refused.value.detail.splitlines()[1:]
    assert "a.json: events.0: 'fire' is not a kind; 'flame' is meant?; events.1.begin is missing" in first
    assert "b.csv has no columns kind and begin in its first line (烟雾,1,3): make it kind,begin,end" in second
    assert "c.csv: events.0.begin: '1,5' is no time: write seconds" in third


def test_labels_that_no_clip_reads_are_told(tmp_path: Path) -> None:
    for name in ("m.mp4", "n.mp4", "n.json", "n.csv", "labels.csv", "m.mp4.json", "m.txt", "notes.md"):
        (tmp_path / name).touch()
    names = [path.name for path in unread(tmp_path, clips(tmp_path))]
    assert names == ["labels.csv", "m.mp4.json", "m.txt", "n.csv"]
    assert [path.name for path in unread(tmp_path / "m.mp4", [tmp_path / "m.mp4"])] == ["m.mp4.json", "m.txt"]
