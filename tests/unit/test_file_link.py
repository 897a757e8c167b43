"""A link opens one file for one consumer until its time."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from api.push.file_link import AHEAD_S, FOR_S, FileLink, link_key

KEY, OTHER = link_key(b"own", "whsec_b3V0c2lkZQ=="), link_key(b"own", "whsec_b3RoZXI=")
LINK = FileLink(uuid4(), "ops", 1_000)


def test_a_link_opens_what_it_was_made_for() -> None:
    query = parse_qs(urlsplit(LINK.url("https://ganzhi.example.org", KEY)).query)
    [signature] = query["signature"]
    assert (query["consumer"], query["until"]) == (["ops"], ["1000"])
    assert LINK.opens(KEY, signature, 999.9)


@pytest.mark.parametrize(
    ("link", "key", "now"),
    [
        (LINK, KEY, 1_000.0),
        (LINK, KEY, 999.0 - FOR_S - AHEAD_S),
        (LINK, OTHER, 1.0),
        (LINK, link_key(b"", "whsec_b3V0c2lkZQ=="), 1.0),
        (LINK._replace(until=2_000), KEY, 1.0),
        (LINK._replace(consumer="ops2"), KEY, 1.0),
        (LINK._replace(file=uuid4()), KEY, 1.0),
    ],
)
def test_and_nothing_else(link: FileLink, key: bytes, now: float) -> None:
    assert not link.opens(key, LINK.signature(KEY), now)
