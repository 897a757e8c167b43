"""Passwords in the path or the query of a camera's URL are told to nobody (devices/cameras/camera_url.py)."""

import pytest

from devices.cameras.camera_url import masked, parse_url


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("rtsp://10.1.2.3/1?user=a&password=b&c=1", "rtsp://10.1.2.3/1?user=a&password=***&c=1"),
        ("rtsp://10.1.2.3/user=a_password=b_channel=1", "rtsp://10.1.2.3/user=a_password=***_channel=1"),
        ("http://10.1.2.3/snap.cgi?pwd=b", "http://10.1.2.3/snap.cgi?pwd=***"),
        ("http://10.1.2.3/snap?Token=b;x=1", "http://10.1.2.3/snap?Token=***;x=1"),
        ("rtsp://10.1.2.3/stream2", "rtsp://10.1.2.3/stream2"),
    ],
)
def test_a_password_in_a_url_is_masked_where_people_see_it(written: str, told: str) -> None:
    assert masked(parse_url("rtsp", written)[0].shown) == told
