"""`hub check` for the certificates that the settings name: how long they are good."""

import ssl
from pathlib import Path

from app.check.finding import Finding
from hub.errors import ConfigError
from hub.settings import Settings
from hub.tls import ServerTls, Tls, Trust, Validity, client_context, server_context, trusting_context, validity

WARN_DAYS = 30


def check_certificates(settings: Settings) -> list[Finding]:
    """Findings about each file that the settings name."""
    findings: list[Finding] = []
    mqtt = settings.mqtt
    sections: list[tuple[str, Trust | ServerTls | None]] = [
        ("api.tls", settings.api.tls),
        ("database.tls", settings.database.tls),
        ("mqtt.tls", mqtt.security),
        ("kafka.tls", settings.kafka.tls),
        ("outgoing.tls", settings.outgoing.tls),
        ("oidc.tls", None if settings.oidc is None else settings.oidc.tls),
        ("audit.tls", settings.audit.tls if settings.audit.syslog else None),
    ]
    for section, tls in sections:
        if tls is None:
            continue
        try:
            if isinstance(tls, ServerTls):
                server_context(tls, section)
            elif not isinstance(tls, Tls):
                trusting_context(tls, section, ssl.create_default_context())
            else:
                client_context(tls, section, "mqtt.tls_ca" if section == "mqtt.tls" and mqtt.tls_ca else None)
        except ConfigError as error:
            findings.append(Finding("fail", f"certificate: {error.detail}"))
            continue
        files = (("certificate", tls.certificate), ("ca", None if isinstance(tls, ServerTls) else tls.ca))
        findings += [_judge(f"{section}.{name}", path) for name, path in files if path is not None]
    return findings


def _judge(setting: str, path: Path) -> Finding:
    """Of several certificates in a file the one that ends first."""
    try:
        first = min(validity(path), key=lambda each: each.ends)
    except ValueError as error:  # some old authorities' certificates are, to the letter, none
        return Finding("warn", f"certificate: {setting} {path}: how long it is good cannot be read: {error}")
    return judged(f"certificate: {setting} {path} ({first.subject})", first)


def judged(told: str, first: Validity) -> Finding:
    """What to say of a certificate that is good for so long."""
    day = f"{first.ends:%Y-%m-%d %H:%M} UTC"
    if first.days < 0:
        return Finding("fail", f"{told} has expired on {day}", "renew it: nobody who checks it connects any more")
    if first.days < WARN_DAYS:
        return Finding("warn", f"{told} expires in {first.days:.0f} days, on {day}", "renew it before")
    return Finding("ok", f"{told} is good until {day}")
