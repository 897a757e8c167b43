"""Zones and lines on the small picture."""

import numpy as np
import pytest

from analytics.video.scenes.masks import across, areas, filled, watched
from analytics.video.settings import read_settings

LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]


def test_a_polygon_has_its_pixels_and_no_others() -> None:
    mask = filled([(0, 0), (0.5, 0), (0.5, 1), (0, 1)])
    assert mask[:, :80].all()
    assert not mask[:, 81:].any()


def test_the_whole_picture_is_filled() -> None:
    assert filled([(0, 0), (1, 0), (1, 1), (0, 1)]).all()


def test_a_zone_thinner_than_a_pixel_is_not_lost() -> None:
    assert filled([(0.1, 0.5), (0.9, 0.5), (0.9, 0.501), (0.1, 0.501)]).any()


def test_a_line_is_a_pixel_at_a_time_and_its_side_is_to_its_right() -> None:
    rows, columns = across((0.5, 1.0), (0.5, 0.5), 0)
    assert len(rows) == 46
    assert set(columns.tolist()) == {80}
    _, right = across((0.5, 1.0), (0.5, 0.5), 5)
    assert set(right.tolist()) == {85}  # it goes up, so its right is the picture's right


def test_a_line_at_the_edge_stays_within_the_picture() -> None:
    rows, columns = across((1.0, 0.0), (1.0, 1.0), 5)
    assert columns.max() <= 159
    assert rows.max() <= 89


@pytest.mark.parametrize(("kinds", "names"), [(["flood"], ["a"]), (["crowd"], [None]), (["flame"], [])])
def test_a_kind_is_looked_for_in_its_zones_or_everywhere(kinds: list[str], names: list[str | None]) -> None:
    settings = read_settings(
        {"kinds": ["flood", "crowd"], "zones": [{"name": "a", "polygon": LEFT, "kinds": ["flood"]}]}
    )
    found = areas(kinds[0], settings)
    assert [area.name for area in found] == names
    if names == [None]:
        assert found[0].mask.all()


def test_what_is_ignored_is_ignored_for_its_kind_only() -> None:
    settings = read_settings({"ignored": [{"polygon": LEFT, "kinds": ["smoke"]}]})
    assert watched("flame", settings).all()
    assert not watched("smoke", settings)[:, :79].any()
    assert np.count_nonzero(watched("smoke", settings)) > 0
