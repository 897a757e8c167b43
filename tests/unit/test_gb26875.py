"""GB/T 26875.3: the confirmation, the addresses, and tables that the hub can store."""

from devices.codecs.gb26875.frame import reply
from devices.codecs.gb26875.reports import decode
from devices.codecs.gb26875.tables import alarms, analogues, bits
from devices.codecs.metric import is_metric
from devices.units import is_unit
from devices.vocabulary import KINDS
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


def test_each_table_can_be_stored() -> None:
    tables = ("system", "component", "device", "operation")
    assert {bit.kind for of in tables for bit in bits(of)} | {*alarms().values()} <= KINDS
    for known in analogues().values():
        assert is_metric(known.metric)
        assert is_unit(known.unit)
