"""Units as SenML records name them (RFC 8428, RFC 8798), or as those do who have not read it."""

from devices.codecs.jsontext import quoted
from devices.unit_aliases import SENML
from devices.units import of_other_case, unit_meant
from hub.errors import DecodeError
from hub.words.sentence import Sentence

_RIGHT = {"C": "Cel", "PH": "[pH]", "ft": "[ft_i]"}
"""Units of UCUM that are hardly meant."""


def unit_of(text: object) -> str:
    """The unit in UCUM of one of SenML's registry, of UCUM, or of another usual spelling; DecodeError of any other."""
    meant = (SENML.get(text) or unit_meant(text)) if isinstance(text, str) else None
    if meant is not None:
        return meant
    sentence = Sentence("refusal.unit.none", unit=quoted(text))
    if isinstance(text, str) and (near := of_other_case(text)):
        sentence = Sentence("refusal.unit.case", unit=quoted(text), right=" / ".join(near))
    if isinstance(text, str) and (right := _RIGHT.get(text)) is not None:
        sentence = Sentence("refusal.unit.other", unit=quoted(text), right=right)
    raise DecodeError("senml_bad_unit", sentence)
