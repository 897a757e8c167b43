"""The past of watched things: told while the hub's shipped rules are off, which are switched on once it is stored.

A rule that is on while weeks go by raises each alert there and then, where the present is to be judged.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from simulator.publisher import Publisher, StoppedError
from simulator.registration import HubApi, RefusedError
from simulator.runner import EFFECTIVE_S, Plan
from simulator.watched import Watched, of_earlier_run

log = logging.getLogger(__name__)

PROGRESS = "past.txt"
"""In the folder of the truth, while the past is told."""
AGAIN_S = 0.1
PACKS = 50
"""Packs of a past that are on their way at once."""
PATIENCE_S = 60.0
"""How long the hub may take to store a past that the broker has, without one more reading of it."""
BAR = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()


def retire_earlier(api_url: str, token: str | None) -> int:
    """Retire the watched things of earlier runs, which report no more; returns how many. RefusedError on failure."""
    with HubApi(api_url, token) as api:
        codes = [code for code in api.active_devices() if of_earlier_run(code)]
        for code in codes:
            api.retire(code, "its run of the simulator is over")
    return len(codes)


@contextmanager
def shipped_rules_off(api_url: str, token: str | None) -> Iterator[None]:
    """Within, the rules of shipped sets for the city are off; after, all of them are on. RefusedError on failure."""
    with HubApi(api_url, token) as api:
        off = [code for code, state in api.shipped_rules().items() if state == "on"]
        for code in off:
            api.switch(code, on=False)
        log.info("shipped rules off while the past is told: %s", ", ".join(off) or "none was on")
        if off:
            time.sleep(EFFECTIVE_S)
        try:
            yield
        finally:
            api.enable_rule_sets()
            for code, state in api.shipped_rules().items():
                if state == "off":
                    api.switch(code, on=True)
            log.info("rules of shipped sets: %s", ", ".join(api.shipped_rules()))
    time.sleep(EFFECTIVE_S)


def tell_past(plan: Plan, known: Sequence[Watched], progress: Path, stopping: threading.Event) -> int:
    """Let things report their past, and wait until the broker has it; ends early when told to stop.

    Returns how many readings the broker has acknowledged. `progress` tells who watches how far it is: `PACKS OF_ALL`.
    """
    bar = Progress(*BAR, console=Console(stderr=True))
    packs = [(pack, each.life) for each in known for pack in each.past(plan.prefix)]
    task = bar.add_task("weeks of the past, in packs of a day", total=len(packs))
    acknowledged = 0

    def told(readings: int) -> None:
        nonlocal acknowledged
        acknowledged += readings
        bar.advance(task)
        progress.write_text(f"{bar.tasks[0].completed:.0f} {len(packs)}", encoding="utf-8")

    past = Publisher[int](plan.broker, f"past-{time.time_ns():x}", told, PACKS, stopping)
    with bar, past as publisher, suppress(StoppedError):
        for pack, life in packs:
            publisher.publish(pack.topic, pack.payload, pack.payload.count(b'"ts"') * len(life.values))
        while publisher.drain(AGAIN_S) and not stopping.is_set():
            pass
    progress.unlink(missing_ok=True)
    return acknowledged


def await_past(
    api_url: str, token: str | None, known: Sequence[Watched], stopping: threading.Event, patience_s: float = PATIENCE_S
) -> None:
    """Until the hub has the newest of each past; RefusedError names the device of which nothing comes any more."""
    with HubApi(api_url, token) as api:
        for each in known:
            code, seen, deadline = each.life.thing.code, -1, 0.0
            while (newest := api.newest(code)) < each.until:
                now = time.monotonic()
                seen, deadline = (newest, now + patience_s) if newest > seen else (seen, deadline)
                if now > deadline:
                    raise RefusedError(
                        f"the hub has not stored the past of {code} for {patience_s:g} s: look for its dead letters, "
                        "and whether the hub is behind the broker"
                    )
                if stopping.wait(AGAIN_S):
                    return
