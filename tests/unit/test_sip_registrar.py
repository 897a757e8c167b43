"""ingest/sip/registrar.py: what of a REGISTER is kept, and how long it asks for."""

import pytest

from devices.codecs.gb28181 import sip
from devices.codecs.gb28181.digest import Credentials, authorization, parameters, response
from hub.sip_settings import Sip
from ingest.sip.registrar import DEFAULT_EXPIRES_S, Granted, Refused, Registrar

CAMERA = "34020000001320000001"


def register(*headers: sip.Header) -> sip.Message:
    own: tuple[sip.Header, ...] = (("from", f"<sip:{CAMERA}@3402000000>;tag=1"), ("call-id", "1"))
    return sip.Message("REGISTER", "sip:x", 0, "", (*own, *headers))


@pytest.mark.parametrize(("expires", "granted"), [("90", 90), ("\u00b2", DEFAULT_EXPIRES_S), ("0", 0)])
def test_what_is_kept_of_a_device_has_no_control_characters(expires: str, granted: int) -> None:
    registrar = Registrar(Sip(), lambda _: ["secret"])
    asked = registrar.decide(register(), "192.0.2.1", 1.0)
    assert isinstance(asked, Refused)
    told = parameters(dict(asked.headers)["www-authenticate"])
    shown = Credentials(CAMERA, told["realm"], told["nonce"], "sip:x", "", "MD5", "", "", 0)
    shown = shown._replace(response=response(shown, "REGISTER", "secret"))
    headers = ("authorization", authorization(shown)), ("user-agent", "IP\0 Cam\x01"), ("x-gb-ver", "3\0.0")
    decided = registrar.decide(register(*headers, ("expires", expires)), "192.0.2.1", 2.0)
    assert decided == Granted(CAMERA, granted, "3.0", "IP Cam")
