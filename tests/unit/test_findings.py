"""What a sheet is told of an unknown profile (devices/sheets/findings.py)."""

from devices.sheets.findings import profile_meant


def test_a_profile_of_the_library_is_one_to_install() -> None:
    assert (
        profile_meant("smoke-detector", ["air"]) == "install it from the library: hub profiles install smoke-detector"
    )
    assert profile_meant("airr", ["air"]) == "did you mean air?"
