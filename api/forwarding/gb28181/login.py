"""Digest towards a superior platform: MD5 and SHA-256, with and without qop; what is neither is said."""

from collections.abc import Sequence
from secrets import token_hex

from api.forwarding.gb28181.link import SuperiorError
from devices.codecs.gb28181.digest import Credentials, authorization, parameters, response
from devices.codecs.gb28181.sip import Header, Message
from hub.words.sentence import Sentence

_KNOWN = ("SHA-256", "MD5")
_ASKED = {401: ("www-authenticate", "authorization"), 407: ("proxy-authenticate", "proxy-authorization")}
NONCES = 100
"""Counted ones: one that comes again is answered with the next count, so that no answer is right twice."""


class Login:
    """Of one platform."""

    def __init__(self, username: str, password: str) -> None:
        self._username, self._password = username, password
        self._uses: dict[str, int] = {}

    def asked(self, answer: Message) -> bool:
        """Whether an answer asks for a login."""
        return answer.status in _ASKED

    def is_stale(self, answer: Message) -> bool:
        """Whether it says that only the nonce of the last login was too old."""
        return any(each.get("stale", "").lower() == "true" for each in self._challenges(answer))

    def header(self, answer: Message, method: str, uri: str) -> Header:
        """What the request is to show when it is sent again; SuperiorError where the challenge is no use."""
        for told in self._challenges(answer):
            algorithm, nonce = told.get("algorithm", "MD5").upper(), told.get("nonce", "")
            offered = [each.strip().lower() for each in told.get("qop", "").split(",") if each.strip()]
            if algorithm not in _KNOWN or not nonce or not told.get("realm") or (offered and "auth" not in offered):
                continue
            shown = Credentials(self._username, told["realm"], nonce, uri, "", algorithm)
            count = self._count(nonce)
            if offered:
                shown = shown._replace(qop="auth", cnonce=token_hex(8), nc=count)
            right = response(shown, method, self._password)
            return _ASKED[answer.status][1], authorization(shown._replace(response=right), told.get("opaque", ""))
        raise SuperiorError(Sentence("forward.gb28181.challenge", told=_shown(answer)))

    def _count(self, nonce: str) -> int:
        count = self._uses.pop(nonce, 0) + 1
        self._uses[nonce] = count
        if len(self._uses) > NONCES:
            del self._uses[next(iter(self._uses))]
        return count

    def _challenges(self, answer: Message) -> Sequence[dict[str, str]]:
        name = _ASKED[answer.status][0] if answer.status in _ASKED else ""
        found = [dict(parameters(value)) for each, value in answer.headers if each == name]
        return sorted(found, key=lambda told: told.get("algorithm", "MD5").upper() != "SHA-256")


def _shown(answer: Message) -> str:
    name = _ASKED[answer.status][0]
    return repr(answer.header(name)[:120])
