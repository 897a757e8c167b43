"""Where a share lies is told from counts of ranges."""

import math
import random
from collections import Counter

from hub.cases.stage_times import Place, placed


def test_the_place_of_a_share_is_that_among_all_values() -> None:
    chance = random.Random(7)
    for n in range(1, 120):
        taken = sorted(chance.choice((0.0, 1.0, chance.lognormvariate(8, 2))) for _ in range(n))
        visits = Counter(("handling", math.floor(50 * math.log(max(each, 1)))) for each in taken)
        visits["handling", -1] = chance.randrange(9)
        for place, share in zip(placed(visits), (0.5, 0.9), strict=True):
            low, high = place.ends
            held = [each for each in taken if low <= each <= high]
            assert held[place.rank - 1] == taken[math.ceil(share * n) - 1]


def test_of_what_is_unknown_there_is_no_place() -> None:
    assert placed(Counter({("filed", -1): 5, ("handling", 0): 1})) == [Place("handling", 0, 1)] * 2
