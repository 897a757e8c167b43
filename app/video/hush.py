"""What is told of a stream, without its passwords: a server may say again what it was asked with."""

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from devices.cameras.camera_url import HIDDEN, hidden, parse_url
from hub.words.sentence import Sentence
from ingest.video.messages import Glance, Open, OpenFile

LEAST = 3
"""Characters of what is looked for: less stands in any text."""
_OURS = ("host", "port", "user", "scheme")
"""Values that the hub has put in, and no server."""


class Hush:
    """Of one stream."""

    def __init__(self, told: Open | OpenFile | Glance) -> None:
        known = set[str]()
        if not isinstance(told, OpenFile):
            known = {*hidden(parse_url("rtsp", told.url)[0]), *([] if told.login is None else told.login[1:])}
        forms = {form for each in known for form in (each, quote(each, safe=""), quote(each), unquote(each))}
        told_forms = sorted((form for form in forms if len(form) >= LEAST), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, told_forms)), re.IGNORECASE) if told_forms else None

    def sentence(self, told: Sentence) -> Sentence:
        """A sentence without them."""
        if self._secrets is None:
            return told
        return Sentence(told.key, **dict(self._values(told.values.items())))

    def text(self, told: str) -> str:
        """A text without them."""
        return told if self._secrets is None else self._secrets.sub(HIDDEN, told)

    def _values(self, told: Iterable[tuple[str, object]]) -> Iterable[tuple[str, object]]:
        for name, value in told:
            if isinstance(value, Sentence):
                yield name, self.sentence(value)
            else:
                yield name, self.text(value) if isinstance(value, str) and name not in _OURS else value
