"""URLs as they may be shown, in an answer, a message or the audit: without a password."""

import re

HIDDEN = "***"
_PASSWORD = re.compile(r"(?<=://)([^/?#@:]*):[^/?#]*@")


def shown_url(url: str) -> str:
    """The URL with HIDDEN in place of a password."""
    return _PASSWORD.sub(rf"\1:{HIDDEN}@", url, count=1)
