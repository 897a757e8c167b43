"""Which chain an alert follows, and which of its steps come next."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from hub.alerts.chains import Chain, Chains, ChainStep
from hub.alerts.climb import note_of, taken
from hub.alerts.routing import Filter, Place
from hub.duty.on_duty import Duty
from hub.duty.rota import Reason
from hub.words.sentence import Sentence

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
PLACE = Place("parks", "330106001002", "water", 3, frozenset({"lake"}), event_kind="fire")
STEPS = (ChainStep(60, ("village",), "night"), ChainStep(120, ("town",)), ChainStep(300, ("county", "city")))
ANN = UUID(int=1)


def chain(code: str, *, steps: tuple[ChainStep, ...] = STEPS, repeats: int = 0, **wanted: object) -> Chain:
    return Chain(code, Filter(**wanted), steps, (4, 3, 2, 1), repeats)  # type: ignore[arg-type]


LADDER = [
    chain("any"),
    chain("level", min_level=3),
    chain("category", category="water"),
    chain("kind", event_kind="fire"),
    chain("organisation", organisation="parks"),
    chain("province", region="33"),
    chain("county", region="330106"),
    chain("county-red", region="330106", min_level=3),
    chain("area", area="lake"),
]


def test_the_most_specific_chain_is_followed() -> None:
    left = list(reversed(LADDER))
    for wanted in reversed(LADDER):
        found = Chains(left).of(PLACE, NOW)
        assert found is not None
        assert found.code == wanted.code
        left.remove(wanted)
    assert Chains([chain("red", min_level=4), chain("elsewhere", region="3302")]).of(PLACE, NOW) is None


def test_of_equally_specific_ones_the_first_by_code() -> None:
    both = [chain("b", area="lake"), chain("a", area="pond")]
    place = PLACE._replace(areas=frozenset({"lake", "pond"}))
    for chains in (Chains(both), Chains(both[::-1])):
        found = chains.of(place, NOW)
        assert found is not None
        assert found.code == "a"


def test_while_the_kind_of_event_is_unknown_a_chain_may_take_it() -> None:
    assert Chains([chain("kind", event_kind="gas")]).may_take(PLACE._replace(event_kind=None), NOW)
    assert not Chains([chain("kind", event_kind="fire", region="34")]).may_take(PLACE, NOW)


def test_who_may_acknowledge_are_those_of_the_steps_so_far() -> None:
    steps = (ChainStep(1, ("a",), "village"), ChainStep(1, ("b",)), ChainStep(1, ("c",), "city"))
    found = chain("c", steps=steps)
    assert [sorted(found.rotas(done)) for done in range(5)] == [
        ["village"], ["village"], ["village"], ["city", "village"], ["city", "village"],
    ]  # fmt: skip


def on(*people: UUID, present: bool = True, reason: Reason | None = None) -> dict[str, Duty]:
    return {"night": Duty(frozenset(people), None, present, reason)}


def steps(found: Chain, done: int, duty: dict[str, Duty], off: tuple[str, ...] = ()) -> list[tuple[int, float | None]]:
    def refuses(code: str) -> Sentence | None:
        return Sentence("routing.off") if code in off else None

    return [(each.number, each.wait_s) for each in taken(found, done, duty, refuses)]


@pytest.mark.parametrize(
    ("done", "duty", "off", "expected"),
    [
        (0, on(ANN), (), [(1, 120)]),
        (1, on(ANN), (), [(2, 300)]),
        (0, on(ANN, present=False), (), [(1, 0), (2, 300)]),
        (0, on(reason="hole"), (), [(1, 0), (2, 300)]),
        (0, {}, (), [(1, 0), (2, 300)]),
        (0, on(ANN), ("village", "town"), [(1, 0), (2, 0), (3, 300)]),
        (2, on(ANN), ("county", "city"), [(3, 300)]),
        (3, on(ANN), (), [(4, None)]),
        (4, on(ANN), (), [(5, None)]),
    ],
    ids=["first", "second", "absent", "hole", "no rota", "off", "last is never skipped", "repeated", "once more"],
)
def test_the_next_step_and_those_after_it_while_nobody_is_there(
    done: int, duty: dict[str, Duty], off: tuple[str, ...], expected: list[tuple[int, float | None]]
) -> None:
    assert steps(chain("c", repeats=1), done, duty, off) == expected


def test_what_the_history_says() -> None:
    why = Sentence("escalation.unacknowledged")
    [first, _] = taken(chain("lake"), 0, on(reason="no_calendar"), lambda code: None)
    note = note_of(chain("lake"), first, why)
    assert note == (
        "step 1 of chain lake (3 steps), told: village; nobody on duty has acknowledged it; the next step follows at "
        "once: nobody is on duty by rota night: the calendar of workdays for that year is missing"
    )
    assert "值班表 night 无人当值：缺少该年度的工作日历" in note.told("zh")
