"""A key of our own in place of RealtimeKit's, to send samples that nobody else can sign."""

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


def made() -> bytes:
    """A new private key in PEM."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_half(pem: bytes) -> str:
    """In PEM; of a private key its public one. Raises `ValueError`."""
    if b"PRIVATE KEY" not in pem:
        return pem.decode("ascii")
    public = _private(pem).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signature(pem: bytes, body: bytes) -> bytes:
    """As RealtimeKit would sign. Raises `ValueError` when this is no private RSA key in PEM."""
    return _private(pem).sign(body, PKCS1v15(), SHA256())


def _private(pem: bytes) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as exc:  # it is encrypted
        raise ValueError("a private key with a password") from exc
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key
