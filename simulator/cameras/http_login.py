"""How a simulated camera asks who logs in: digest of HTTP, MD5 or SHA-256."""

import hashlib
import re
from secrets import token_hex

_PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


class HttpLogin:
    """One user of one camera; a nonce is given out once, and its counts rise."""

    def __init__(self, username: str, password: str, algorithm: str = "MD5", realm: str = "IP Camera(C1234)") -> None:
        self.username, self.password, self.algorithm, self.realm = username, password, algorithm, realm
        self._counts: dict[str, int] = {}
        """Of each nonce that was given out."""
        self.stales = False
        """Whether it says of each nonce that is not known that it was one."""
        self.refused = 0
        """Requests that showed a wrong password, or none."""

    def challenge(self) -> str:
        """The value of `WWW-Authenticate`, with a new nonce."""
        nonce = token_hex(16)
        self._counts[nonce] = 0
        stale = ", stale=true" if self.stales else ""
        return f'Digest qop="auth", realm="{self.realm}", nonce="{nonce}", algorithm={self.algorithm}{stale}'

    def renew(self) -> None:
        """Forget all nonces, as at a restart."""
        self._counts.clear()

    def lets(self, method: str, authorization: str) -> bool:
        """Whether a request has shown the password."""
        told = {name: quoted or plain for name, quoted, plain in _PAIR.findall(authorization)}
        count = told.get("nc", "")
        new = hashlib.sha256 if self.algorithm == "SHA-256" else hashlib.md5

        def digest(text: str) -> str:
            return new(text.encode()).hexdigest()

        secret = digest(f"{self.username}:{self.realm}:{self.password}")
        asked = digest(f"{method}:{told.get('uri', '')}")
        nonce = told.get("nonce", "")
        right = digest(f"{secret}:{nonce}:{count}:{told.get('cnonce', '')}:auth:{asked}")
        known = nonce in self._counts and told.get("username") == self.username
        if not (known and told.get("response") == right and count and int(count, 16) > self._counts[nonce]):
            self.refused += 1
            return False
        self._counts[nonce] = int(count, 16)
        return True
