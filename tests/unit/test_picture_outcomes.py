"""What becomes of pictures at the privacy gate, as the metrics of a process tell it."""

from api.routes.metrics import counted
from app.serve.pictures import PictureGate
from hub.picture_settings import Pictures
from hub.settings import Settings
from hub.telemetry import Counters
from ingest.pictures.gate import MAX_RECEIVED


async def test_the_outcomes_at_the_gate_are_in_the_metrics() -> None:
    counters = Counters()
    gate = PictureGate(Settings(pictures=Pictures(processes=1)), counters).gate
    await gate.passed("gate-4", bytes(MAX_RECEIVED + 1))
    lines = list(counted(counters))
    assert 'ganzhi_pictures_total{outcome="refused"} 1' in lines
    assert 'ganzhi_pictures_total{outcome="passed"} 0' in lines
