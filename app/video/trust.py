"""Whom a child trusts over TLS: the authorities of this machine and of `outgoing.tls`, which the hub names to it."""

import ssl
from functools import lru_cache
from pathlib import Path

from devices.cameras.camera_url import CameraUrl
from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import TLS
from hub.words.sentence import Sentence
from ingest.video.messages import Trusted

_PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For what is called without TLS: it trusts nobody."""


def trust_of(url: CameraUrl, trusted: Trusted) -> ssl.SSLContext:
    """For calls of a URL. To read all authorities takes some 30 ms: that is done once, until a file is changed.

    CameraFailed for a file that cannot be used.
    """
    if url.scheme not in TLS:
        return _PLAIN
    try:
        return _context(trusted, tuple(Path(each).stat().st_mtime_ns for each in trusted if each))
    except OSError as error:  # SSLError is one
        told = {"host": url.host, "port": url.port, "error": f"outgoing.tls: {error}"[:200]}
        raise CameraFailed("tls", Sentence("camera.failed.tls", **told)) from error


@lru_cache(maxsize=4)
def _context(trusted: Trusted, _changed: tuple[int, ...]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=trusted.ca or None)
    context.load_default_certs()
    if trusted.certificate:
        context.load_cert_chain(trusted.certificate, trusted.key, lambda: "")
    return context
