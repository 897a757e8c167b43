"""The certificate of the API, taken anew when its files change."""

import logging
import ssl

from hub.errors import ConfigError
from hub.tls import ServerTls, load_own, server_context

log = logging.getLogger(__name__)
SECTION = "api.tls"


class Certificate:
    """A context for new connections; those that are open keep what they began with."""

    def __init__(self, tls: ServerTls) -> None:
        """Read the files; ConfigError when they cannot be used."""
        self._tls = tls
        self.context: ssl.SSLContext = server_context(tls, SECTION)
        self._stamps = self._files()

    def renew(self) -> None:
        """Read the files again if they have changed. What cannot be used is logged once, and the former stays."""
        stamps = self._files()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            server_context(self._tls, SECTION)  # the one in use is never left with half of a pair
            load_own(self.context, self._tls.certificate, self._tls.key, SECTION)
        except ConfigError as error:
            log.error("%s; the former certificate stays", error)
        else:
            log.info("took the renewed certificate %s", self._tls.certificate)

    def _files(self) -> list[tuple[int, int] | None]:
        """What tells one state of the files from another; None for one that is away."""
        found: list[tuple[int, int] | None] = []
        for path in (self._tls.certificate, self._tls.key):
            try:
                status = path.stat()
            except OSError:
                found.append(None)
            else:
                found.append((status.st_ino, status.st_mtime_ns))
        return found
