"""A link opens one file for one consumer until its time."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from api.push.file_link import FileLink

SECRET, OTHER = "whsec_b3V0c2lkZQ==", "whsec_b3RoZXI="
LINK = FileLink(uuid4(), "ops", 1_000)


def test_a_link_opens_what_it_was_made_for() -> None:
    query = parse_qs(urlsplit(LINK.url("https://ganzhi.example.org", SECRET)).query)
    [signature] = query["signature"]
    assert (query["consumer"], query["until"]) == (["ops"], ["1000"])
    assert LINK.opens(SECRET, signature, 999.9)


@pytest.mark.parametrize(
    ("link", "secret", "now"),
    [
        (LINK, SECRET, 1_000.0),
        (LINK, OTHER, 1.0),
        (LINK._replace(until=2_000), SECRET, 1.0),
        (LINK._replace(consumer="ops2"), SECRET, 1.0),
        (LINK._replace(file=uuid4()), SECRET, 1.0),
    ],
)
def test_and_nothing_else(link: FileLink, secret: str, now: float) -> None:
    assert not link.opens(secret, LINK.signature(SECRET), now)
