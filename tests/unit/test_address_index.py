from devices.registry.address_index import AddressIndex


def test_an_address_goes_from_one_device_to_another_in_one_change() -> None:
    known = AddressIndex()
    known.take([1, 2], ([1, 2], ["hj212", "imei"], ["M1", "86"]))
    assert (known.at("hj212", "M1"), known.at("imei", "86"), known.at("imei", "M1")) == (1, 2, None)
    known.take([1, 2], ([2, 2], ["hj212", "imei"], ["M1", "86"]))
    assert known.at("hj212", "M1") == 2
    known.take([2], (None, None, None))
    assert len(known) == 0


def test_devices_that_did_not_change_keep_theirs() -> None:
    known = AddressIndex()
    known.take([1, 2], ([1, 2], ["hj212", "hj212"], ["M1", "M2"]))
    known.take([2], (None, None, None))
    assert (known.at("hj212", "M1"), known.at("hj212", "M2"), len(known)) == (1, None, 1)
