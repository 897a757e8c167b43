"""Findings of the analysis of video, with what they mean."""

import json

from devices.codecs.decoded import EventDraft
from devices.codecs.video import findings
from tests.support.frames import Bad, Frames, Good, at

T = at("2026-02-28T15:30:00+08:00")


def finding(kind: object = "black", state: object = "active", **more: object) -> bytes:
    """A finding as the hub's own analysis tells it."""
    told = {"ts": "2026-02-28T07:30:00Z", "kind": kind, "state": state, "score": 0.91, "cues": {"dark": 0.95}}
    return json.dumps({**told, **more}).encode()


def _found(
    kind: str, state: str = "active", part: str | None = None, ts: int | None = T, **attributes: object
) -> EventDraft:
    told = {**attributes, "score": 0.91, "cues": {"dark": 0.95}}
    return EventDraft(kind, ts, None, state, None, told, part=part, continues=state == "active")


VIDEO = Frames(
    findings.decode,
    [
        Good(finding(), events=[_found("video_quality", part="picture/black", code="black")]),
        Good(finding(state="ended"), events=[_found("video_quality", "inactive", "picture/black", code="black")]),
        Good(finding("signal_loss"), events=[_found("video_loss")]),
        Good(finding("occlusion", zone=None), events=[_found("occlusion")]),
        Good(finding("moved"), events=[_found("tamper", part="picture/moved", code="scene_change")]),
        Good(finding("flame"), events=[_found("fire", part="picture/flame")]),
        Good(finding("intrusion", zone="闸口/东"), events=[_found("intrusion", part="闸口-东", zone="闸口/东")]),
        Good(finding("level", zone="gauge"),
             events=[_found("flood", part="gauge/level", code="level", zone="gauge")]),
        # What no table knows is kept, as an operator's own model tells it.
        Good(finding("boat"), events=[_found("other", part="picture/boat", code="boat")]),
        *(Good(finding("black", score=score, cues=[1]),
             events=[EventDraft("video_quality", T, None, "active", None, {"code": "black"}, part="picture/black",
                                continues=True)]) for score in (float("1e400"), 10**400)),
        Good(
            json.dumps({"ts": "2026-02-28T07:30:00Z", "values": {"pier/level": 1.25, "gate/crossings": 3}}).encode(),
            readings=[("pier/level", T, 1.25), ("gate/crossings", T, 3.0)],
            units={"pier/level": "m", "gate/crossings": "1"},
        ),
        Good(
            '{"ts": "2026-02-28T07:30:00Z", "values": {"boats": 2, "闸/level": 1, "occupancy": null}}'.encode(),
            readings=[("boats", T, 2.0)], faults=["bad_metric_name", "value_not_a_number"],
        ),
        Good(finding(ts=None), events=[_found("video_quality", part="picture/black", ts=None, code="black")],
             timeless=True),
    ],
    [
        Bad(b"", "not_json"),
        Bad(b"[1]", "not_an_object"),
        Bad(b'{"state": "active"}', "event_no_kind"),
        Bad(finding(state="perhaps"), "event_bad_state", "'perhaps'"),
        Bad(b'{"ts": "2026-02-28T07:30:00Z", "values": {}}', "no_values"),
        Bad(b'{"ts": "2026-02-28T07:30:00Z", "values": {"level": "high"}}', "value_not_a_number"),
        Bad(finding(state=7), "event_bad_state", "7"),
    ],
)  # fmt: skip
