"""Key pairs of edges (Ed25519): a private one as PEM, a public one as base64 of its 32 bytes."""

import base64
import hashlib
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.diode_settings import DiodeEdge
from hub.errors import ConfigError

PUBLIC_BYTES = 32


def made() -> tuple[str, str]:
    """A new pair: the private key as PEM, and the public one."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode("ascii"), written(key.public_key())


def written(key: Ed25519PublicKey) -> str:
    """A public key as the settings of a hub have it."""
    return base64.b64encode(key.public_bytes_raw()).decode("ascii")


def id_of(key: Ed25519PublicKey) -> str:
    """Sixteen digits by which a file names its key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def read_private(pem: str) -> Ed25519PrivateKey:
    """A private key; ConfigError, which shows nothing of it."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError("diode.key is no private key of Ed25519 as PEM without a password: `hub edges key` makes one")
    return key


def read_public(text: str, edge: str) -> Ed25519PublicKey:
    """A public key of an edge; ConfigError."""
    try:
        octets = base64.b64decode(text, validate=True)
    except ValueError:
        octets = b""
    if len(octets) != PUBLIC_BYTES:
        raise ConfigError(
            f"a key of the edge {edge} in diode.edges is none: write the line that `hub edges key` printed for it"
        )
    return Ed25519PublicKey.from_public_bytes(octets)


Keys = Mapping[str, Mapping[str, Ed25519PublicKey]]
"""By edge, by the id of a key."""


def keys_of(edges: tuple[DiodeEdge, ...]) -> Keys:
    """The public keys of all edges; ConfigError names the edge of one that is none."""
    return {
        edge.name: {id_of(key): key for key in (read_public(text, edge.name) for text in edge.keys)} for edge in edges
    }


def verified(key: Ed25519PublicKey, signature: bytes, text: bytes) -> bool:
    """Whether it is the key's signature of a text."""
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True
