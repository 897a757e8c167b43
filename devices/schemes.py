"""Schemes of addresses: how protocols and platforms call devices that the registry knows by their code. Pure."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from hub.errors import DecodeError
from hub.words.sentence import Sentence

MAX_ADDRESS = 128
"""Characters of an address."""
MOST = 100
"""Addresses of a device."""

SCHEMES: Mapping[str, Sentence] = {
    "hj212": Sentence("scheme.hj212"),
    "gb26875": Sentence("scheme.gb26875"),
    "gb28181": Sentence("scheme.gb28181"),
    "sl651": Sentence("scheme.sl651"),
    "szy206": Sentence("scheme.szy206"),
    "cjt188": Sentence("scheme.cjt188"),
    "modbus": Sentence("scheme.modbus"),
    "imei": Sentence("scheme.imei"),
    "iccid": Sentence("scheme.iccid"),
    "deveui": Sentence("scheme.deveui"),
    "dtu": Sentence("scheme.dtu"),
    "ctwing": Sentence("scheme.ctwing"),
    "onenet": Sentence("scheme.onenet"),
    "iotda": Sentence("scheme.iotda"),
    "aliyun": Sentence("scheme.aliyun"),
    "tencent": Sentence("scheme.tencent"),
    "sparkplug": Sentence("scheme.sparkplug"),
    "isapi": Sentence("scheme.isapi"),
    "onvif": Sentence("scheme.onvif"),
    "gat1400": Sentence("scheme.gat1400"),
    "video": Sentence("scheme.video"),
}
"""What an address of each is called."""

_OF_PROTOCOL: Mapping[str, tuple[str, ...]] = {
    "chirpstack": ("deveui",),
    "the-things-stack": ("deveui",),
    "ctwing": ("ctwing", "imei"),
    "onenet": ("onenet", "imei"),
    "gat1400": ("gat1400", "gb28181"),
}
"""Schemes by which devices of a protocol are looked for, in this order; of the others: the one of its name."""

CHANNELLED = ("isapi", "onvif")
"""Protocols whose addresses are CODE/CHANNEL: of a channel of the device with that code."""

_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){5}", re.ASCII)
_HEXADECIMAL: Mapping[str, int] = {"gb26875": 12, "sl651": 10, "szy206": 10, "deveui": 16}
"""Digits of addresses that are hexadecimal numbers."""
_SLAVE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._:-]{0,63})/0*([1-9][0-9]{0,2})", re.ASCII)
"""The code of the DTU and the slave's address on its line, as in dtu-7/12."""


class _Form(NamedTuple):
    matches: re.Pattern[str]
    right: Sentence


_FORMS: Mapping[str, _Form] = {
    # Real MN differ from the 24 hexadecimal digits of HJ 212; none has what separates fields there.
    "hj212": _Form(re.compile(r"(?:(?![;=&,#])[!-~]){1,128}"), Sentence("scheme.form.hj212")),
    "cjt188": _Form(re.compile(r"[0-9]{14}", re.ASCII), Sentence("scheme.form.cjt188")),
    "dtu": _Form(re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII), Sentence("scheme.form.dtu")),
}
LAST_SLAVE = 247
_DECIMAL: Mapping[str, tuple[int, ...]] = {"imei": (15,), "iccid": (19, 20), "gb28181": (20,), "gat1400": (20,)}


def schemes_of(protocol: str) -> tuple[str, ...]:
    """Schemes that a protocol's addresses are of."""
    return _OF_PROTOCOL.get(protocol, (protocol,))


def normal(scheme: str, address: str) -> str:
    """An address as it is stored and looked for, from what people and devices write; DecodeError where it is none.

    Numbers in hexadecimal digits have upper case and all their digits; six decimal bytes with dots are taken for a
    station of GB/T 26875.
    """
    told = address.strip()
    if scheme == "gb26875" and _DOTTED.fullmatch(told) and all(int(part) < 256 for part in told.split(".")):
        return bytes(map(int, told.split("."))).hex().upper()
    if (digits := _HEXADECIMAL.get(scheme)) is not None:
        plain = re.sub(r"[\s:-]", "", told).upper()
        if len(plain) != digits or re.search("[^0-9A-F]", plain):
            raise _wrong(scheme, told, Sentence("scheme.digits.hexadecimal", digits=digits))
        return plain
    if (lengths := _DECIMAL.get(scheme)) is not None and (
        len(told) not in lengths or not ((told.isascii() and told.isdigit()) or (scheme == "iccid" and told.isalnum()))
    ):
        raise _wrong(scheme, told, Sentence("scheme.digits.decimal", digits=lengths[-1]))
    if (form := _FORMS.get(scheme)) is not None and not form.matches.fullmatch(told):
        raise _wrong(scheme, told, form.right)
    if scheme == "modbus":
        found = _SLAVE.fullmatch(told)
        if found is None or int(found[2]) > LAST_SLAVE:
            raise _wrong(scheme, told, Sentence("scheme.slave", last=LAST_SLAVE))
        return f"{found[1]}/{found[2]}"
    if not told or len(told) > MAX_ADDRESS or not (told.isascii() and told.isprintable()):
        raise _wrong(scheme, told, Sentence("scheme.printable", most=MAX_ADDRESS))
    return told.upper() if scheme == "iccid" else told


def unknown_address(protocol: str, address: str) -> Sentence:
    """Why a message is refused whose device nobody has registered by this address."""
    scheme = schemes_of(protocol)[0]
    name = SCHEMES.get(scheme, scheme)
    return Sentence("refusal.device.no_address", name=name, address=repr(address), scheme=scheme, plain=address)


def _wrong(scheme: str, told: str, right: Sentence) -> DecodeError:
    named = {"name": SCHEMES[scheme], "address": repr(told[:MAX_ADDRESS])}
    return DecodeError("bad_address", Sentence("refusal.device_address", **named, right=right))
