"""TLS: the settings of each connection in one style, and what is wrong with a certificate, in a sentence."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from cryptography import x509
from pydantic import model_validator

from hub.errors import ConfigError
from hub.setting_types import Section

_NO_TRUST = "names no authority that is trusted here: write the file with its authority's certificate into {setting}.ca"
_FAULTS = {
    9: "is not valid yet: check the clocks of both machines",
    10: "has expired: renew it at the server",
    18: "is signed by itself, and not trusted here: write the file with this certificate into {setting}.ca",
    19: _NO_TRUST,
    20: _NO_TRUST,
    21: _NO_TRUST,
    23: "has been revoked: renew it at the server",
    62: "is for another name than {name}: reach the server by a name in it, or write that into {setting}.server_name",
    64: "is for another name than {name}: reach the server by a name in it, or write that into {setting}.server_name",
}
"""By OpenSSL's verify codes (X509_V_ERR_*)."""
_ALERTS = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_EXPIRED", "CERTIFICATE_UNKNOWN",
           "UNSUPPORTED_CERTIFICATE", "ACCESS_DENIED", "HANDSHAKE_FAILURE")  # fmt: skip


class Trust(Section):
    """TLS to servers of many."""

    ca: Path | None = None
    """Certificates of authorities that are trusted beside those of this machine, in PEM form."""
    certificate: Path | None = None
    """The hub's own, with the chain, for servers that ask for one."""
    key: Path | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together: set both or none")
        return self


class Tls(Trust):
    """TLS to one server. An empty section is TLS too, with the authorities that this machine trusts.

    `ca` are all that may have signed the server's certificate; None: those of this machine.
    """

    server_name: str | None = None
    """What the server's certificate must be for, where that is not the host."""


class ServerTls(Section):
    """TLS of a server of the hub's own."""

    certificate: Path
    """With the chain, in PEM form."""
    key: Path


class _ForName(ssl.SSLContext):
    """A context of clients that checks the server's certificate for a name of its own, not for the host."""

    server_name: str

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*args, **{**kwargs, "server_hostname": self.server_name})

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        return super().wrap_bio(*args, **{**kwargs, "server_hostname": self.server_name})


def client_context(tls: Tls, setting: str, ca: str | None = None) -> ssl.SSLContext:
    """For connections to a server; its files are read. `setting` is the section's name, `ca` that of another key.

    ConfigError names the file that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.server_name is not None:
        context = named = _ForName(ssl.PROTOCOL_TLS_CLIENT)
        named.server_name = tls.server_name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.ca is None:
        context.load_default_certs()
    return _with_files(context, tls, setting, ca or f"{setting}.ca")


def trusting_context(tls: Trust, setting: str, context: ssl.SSLContext) -> ssl.SSLContext:
    """For connections to servers of many: trusts what `context` does, what this machine does, and `tls.ca`.

    ConfigError as above.
    """
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    return _with_files(context, tls, setting, f"{setting}.ca")


def _with_files(context: ssl.SSLContext, tls: Trust, setting: str, ca: str) -> ssl.SSLContext:
    if tls.ca is not None:
        told = f"{ca}: {tls.ca}"
        try:
            context.load_verify_locations(tls.ca)
        except ssl.SSLError:
            raise ConfigError(
                f"{told} holds no certificate: it needs that of the server's authority in PEM form "
                "(-----BEGIN CERTIFICATE-----)"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"{told}: {error.strerror}: name a file that this user may read, with the certificate of the server's "
                "authority"
            ) from None
    if tls.certificate is not None and tls.key is not None:
        load_own(context, tls.certificate, tls.key, setting)
    return context


def server_context(tls: ServerTls, setting: str) -> ssl.SSLContext:
    """For a server of the hub's own. ConfigError as above."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_own(context, tls.certificate, tls.key, setting)
    return context


def load_own(context: ssl.SSLContext, certificate: Path, key: Path, setting: str) -> None:
    """Give a context the hub's own certificate; ConfigError for files that cannot be used together."""
    for name, path in (("certificate", certificate), ("key", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"{setting}.{name}: {path}: {error.strerror}: name a file that this user may read"
            ) from None
    try:
        # An empty password: a key that needs one is refused, where OpenSSL would ask for it on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        if "MISMATCH" in str(error.reason):
            what = f"{key} is not the key of {certificate}: name the two that were made together"
        else:
            what = f"{certificate} and {key} are not a certificate and its key in PEM form, without a password"
        raise ConfigError(f"{setting}: {what}") from None


def fault(error: BaseException, host: str, port: int, tls: Tls, setting: str) -> str | None:
    """What is wrong with a certificate, and what to do; None for an error that is of nothing such."""
    whose = f"the certificate of {host}:{port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        words = _FAULTS.get(error.verify_code, f"is refused: {error.verify_message}")
        return f"{whose} {words.format(setting=setting, name=tls.server_name or host)}"
    if not isinstance(error, ssl.SSLError | ConnectionResetError):
        return None
    reason = (getattr(error, "reason", None) or "").upper()
    if "ALERT" in reason and any(alert in reason for alert in _ALERTS):
        own = "has none to show" if tls.certificate is None else f"shows that of {tls.certificate}"
        return (
            f"{host}:{port} refuses the hub's certificate ({reason.lower()}): the hub {own}; write one that the server "
            f"trusts into {setting}.certificate and {setting}.key"
        )
    if reason == "UNEXPECTED_EOF_WHILE_READING" or isinstance(error, ssl.SSLEOFError | ConnectionResetError):
        return (
            f"{host}:{port} ends the connection at once: it speaks no TLS there, or wants a certificate of the hub, in "
            f"{setting}.certificate and {setting}.key"
        )
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        return f"{host}:{port} speaks no TLS: use its port for TLS, or leave the section [{setting}] out"
    return f"no TLS with {host}:{port}: {reason.lower().replace('_', ' ') or error}"


class Validity(NamedTuple):
    """Of a certificate."""

    subject: str
    ends: datetime
    """In UTC."""

    @property
    def days(self) -> float:
        """Until it ends; negative when it has."""
        return (self.ends - datetime.now(UTC)).total_seconds() / 86400


def validity(path: Path) -> list[Validity]:
    """Of each certificate in a PEM file, in their order; ValueError or OSError when there is none to read."""
    return [_validity(each) for each in x509.load_pem_x509_certificates(path.read_bytes())]


def peer_validity(der: bytes) -> Validity:
    """Of a certificate that a server has shown."""
    return _validity(x509.load_der_x509_certificate(der))


def _validity(certificate: x509.Certificate) -> Validity:
    return Validity(certificate.subject.rfc4514_string(), certificate.not_valid_after_utc)
