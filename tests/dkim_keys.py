"""Keys to sign with, made once for each run, and the DNS that has their public halves."""

import base64
from functools import cache
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from newsletter.message.dkim import Signer

DOMAIN, SELECTOR = "example.com", "n1"


@cache
def an_rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


def a_signer() -> Signer:
    return Signer(an_rsa_key(), domain=DOMAIN, selector=SELECTOR)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def verifies(message: bytes) -> bool:
    """As dkimpy judges it, which nobody here wrote."""
    return bool(dkim.verify(message, dnsfunc=_published))


def _published(name: bytes, **_: Any) -> bytes:
    if name.rstrip(b".").decode() != f"{SELECTOR}._domainkey.{DOMAIN}":
        return b""
    public = an_rsa_key().public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public.public_bytes(serialization.Encoding.DER, form))
