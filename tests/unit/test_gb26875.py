"""GB/T 26875.3: the confirmation, and the addresses."""

from devices.codecs.gb26875.frame import reply
from devices.codecs.gb26875.reports import decode
from tests.support.frames import RECEIVED, ZONE
from tests.support.frames_gb26875 import CONFIRMED, FIRE, frame


def test_what_was_sent_is_confirmed_with_the_addresses_swapped() -> None:
    assert reply(FIRE) == CONFIRMED


def test_only_what_was_sent_is_confirmed() -> None:
    assert [command for command in range(1, 7) if reply(frame(b"", command))] == [2]
    assert reply(CONFIRMED) is None


def test_the_sender_is_named_by_its_address_upper_byte_first() -> None:
    assert decode(frame(b""), RECEIVED, ZONE).devices == ("010203040506",)
    assert decode(FIRE, RECEIVED, ZONE).devices == ()
