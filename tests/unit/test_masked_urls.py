"""Passwords in the path or the query of a camera's URL are told to nobody (devices/cameras/camera_url.py)."""

import pytest

from devices.cameras.camera_url import Login, Sealed, hidden, masked, parse_url, read_sealed, whole


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
    url, login = parse_url("rtsp", written)
    assert masked(url.shown) == told
    kept = read_sealed(Sealed(login, hidden(url)).written)
    stored, _ = parse_url("rtsp", told)
    assert whole(stored, kept.hidden).shown == url.shown, "as it is called"


def test_what_is_sealed_is_read_as_it_was() -> None:
    for sealed in (
        Sealed(Login("a&b:c", "p&w:ä@")),
        Sealed(None, ("x&y", "")),
        Sealed(Login("", ""), ("***", "b")),
        Sealed(Login("a", "")),
    ):
        assert read_sealed(sealed.written) == sealed
    assert read_sealed("a%26:b") == Sealed(Login("a&", "b")), "as logins were sealed before"
