"""The certificates of the authority that a broker's own certificate is checked with."""

import ssl
from pathlib import Path

from hub.errors import ConfigError


def check_authority(path: Path | None) -> None:
    """Raise ConfigError for a file mqtt.tls_ca that no connection can be made with."""
    if path is None:
        return
    try:
        ssl.create_default_context(cafile=str(path))
    except ssl.SSLError:
        raise ConfigError(
            f"mqtt.tls_ca: {path} holds no certificate: it needs that of the broker's authority in PEM form "
            "(-----BEGIN CERTIFICATE-----)"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"mqtt.tls_ca: {path}: {error.strerror}: name a file that this user may read, with the certificate of the "
            "broker's authority"
        ) from None
