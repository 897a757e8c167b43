"""What comes at a time, by key: against a plain dictionary."""

import random

from analytics.rules.agenda import Agenda
from analytics.rules.slots import NEVER


def test_random_changes_find_what_a_dictionary_does() -> None:
    chance, agenda, plain = random.Random(7), Agenda(), dict[tuple[int, int, str], int]()
    for _ in range(500):
        key, at = (chance.randrange(3), chance.randrange(8), chance.choice(["", "/", "/2"])), chance.randrange(20)
        if chance.random() < 0.7:
            agenda.put(key, at)
            plain[key] = at
        else:
            agenda.drop(key)
            plain.pop(key, None)
        until, most = chance.randrange(20), chance.randrange(1, 60)
        assert (
            agenda.until(until, most)
            == sorted((k for k, t in plain.items() if t <= until), key=lambda k: (plain[k], k))[:most]
        )
        assert agenda.next() == min(plain.values(), default=NEVER)
        assert len(agenda) == len(plain)


def test_times_that_are_out_of_date_are_cleared_away() -> None:
    agenda = Agenda()
    for at in range(1000):
        agenda.put((1, 1, ""), at)
    assert len(agenda._heap) < 100
