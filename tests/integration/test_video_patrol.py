"""A patrol goes to each camera once, however many never answer."""

from app.video.patrol import Round, Visited, patrolled
from devices.cameras.camera_url import parse_url
from ingest.video.itinerary import Stop
from simulator.cameras.rtsp import RtspCamera, clip


async def test_each_camera_is_visited_once_and_those_that_say_nothing_hold_up_nobody() -> None:
    def late_s(path: str) -> float | None:
        return None if path in ("cam3", "cam7") else 0.5

    shown = list[Visited]()
    async with (
        RtspCamera(clip("street.h264"), late_s=late_s) as street,
        RtspCamera(clip("black.h264")) as dark,
    ):
        stops = [Stop(f"cam{at}", parse_url("rtsp", street.url(f"cam{at}"))[0], None) for at in range(9)]
        stops.append(Stop("dark", parse_url("rtsp", dark.url())[0], None))
        known = dict[str, bytes]()
        summary = await patrolled(stops, Round(4, 1, 2.0), known, shown.append)
    assert sorted(each.camera for each in shown) == sorted(stop.camera for stop in stops)
    states = {each.camera: each.state for each in shown}
    assert {name for name, state in states.items() if state == "failed"} == {"cam3", "cam7"}
    assert "black" in next(each.faults for each in shown if each.camera == "dark")
    assert set(known) == {f"cam{at}" for at in range(9)} - {"cam3", "cam7"} | {"dark"}
    assert summary["cameras"] == 10
