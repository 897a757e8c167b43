"""The 20 digits by which GB/T 28181 calls what there is: where it belongs and what kind of thing it is. Pure."""

import re

_ID = re.compile(r"[0-9]{20}", re.ASCII)


def is_id(text: str) -> bool:
    """Whether a text is 20 digits; divisions in a directory have fewer."""
    return _ID.fullmatch(text) is not None
