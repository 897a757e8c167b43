"""How much load a proof is made with."""

import pytest


@pytest.fixture(params=[pytest.param(10_000, id="10k"), pytest.param(100_000, id="100k", marks=pytest.mark.heavy)])
def messages(request: pytest.FixtureRequest) -> int:
    """So many messages: enough for each guarantee to be broken by; ten times as many in the long proof."""
    return int(request.param)
