"""
DKIM signatures (RFC 6376), for a mail server of one's own that does not sign.

RSA, which every receiver can check; headers `relaxed`, since servers on the way fold them anew; the body `simple`,
since we write it in that form already. No `l=`, which would let anybody add to the body. No `t=` either: Date is signed
and says when, and so the same letter has the same signature every time.
"""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from newsletter.errors import SettingsError

_LEAST_BITS = 2048
_MAKE_ONE = "make one with: openssl genrsa -out dkim.pem 2048"
#: signed once more than they stand there, so that nobody can add one (RFC 6376 section 8.15)
_OVERSIGNED = (
    b"from", b"to", b"subject", b"reply-to", b"content-type", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
_BREAK_BEFORE_FIELD = re.compile(rb"\r\n(?![ \t])")
_BLANKS = re.compile(rb"[ \t\r\n]+")
#: characters of a line
_LINE = 76
_PADDING, _HASH = PKCS1v15(), SHA256()


class Signer:
    """Calling it with a message, lines ended by CRLF, gives the header line to be put in front."""

    def __init__(self, key: RSAPrivateKey, *, domain: str, selector: str) -> None:
        self._key = key
        self._opening = (
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple;\r\n d={domain};\r\n s={selector};\r\n "
        ).encode()

    @property
    def published(self) -> str:
        """What stands behind p= in DNS, when the right key is published."""
        return b64encode(self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()

    def __call__(self, message: bytes) -> bytes:
        head, _, body = message.partition(b"\r\n\r\n")
        # Of several headers of one name, the last one is signed first (RFC 6376 section 5.4.2).
        fields = [_relaxed(field) for field in reversed(_BREAK_BEFORE_FIELD.split(head))]
        names = tuple([field.partition(b":")[0] for field in fields])
        body_hash = b64encode(sha256(_simple(body)).digest())
        unsigned = b"%sh=%s;\r\n bh=%s;\r\n b=" % (self._opening, _named(names), body_hash)
        signed = b"\r\n".join([*fields, _relaxed(unsigned)])
        return unsigned + _in_lines(b64encode(self._key.sign(signed, _PADDING, _HASH))) + b"\r\n"


def read_key(pem: bytes, *, path: str) -> RSAPrivateKey:
    """
    :raises SettingsError: it is no key that receivers trust, or it needs a password
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        fix = "take the password away with: openssl rsa -in OLD -out NEW"
        raise SettingsError(f"{path}: the DKIM key is encrypted", fix=fix) from None
    except (ValueError, UnsupportedAlgorithm):
        raise SettingsError(f"{path}: holds no private key in PEM form", fix=_MAKE_ONE) from None
    if not isinstance(key, RSAPrivateKey):
        raise SettingsError(f"{path}: the DKIM key is no RSA key, which many receivers cannot check", fix=_MAKE_ONE)
    if key.key_size < _LEAST_BITS:
        said = f"{path}: the DKIM key has {key.key_size} bits; it needs {_LEAST_BITS}"
        raise SettingsError(said, fix=_MAKE_ONE)
    return key


@lru_cache(maxsize=64)
def _named(names: tuple[bytes, ...]) -> bytes:
    """The value of h=; the names are those of the headers that are there."""
    lines = [b""]
    for name in [*names, *_OVERSIGNED]:
        if len(lines[-1]) + len(name) + 1 > _LINE:
            lines.append(b"")
        lines[-1] += name + b":"
    return b"\r\n ".join(lines)[:-1]


def _relaxed(field: bytes) -> bytes:
    """Section 3.4.2: the name in small letters, each stretch of blanks one space, none at either end."""
    name, _, value = field.partition(b":")
    return name.strip(b" \t").lower() + b":" + _BLANKS.sub(b" ", value).strip(b" ")


def _simple(body: bytes) -> bytes:
    """Section 3.4.3: one line break at the end."""
    while body.endswith(b"\r\n\r\n"):
        body = body[:-2]
    return body if body.endswith(b"\r\n") else body + b"\r\n"


def _in_lines(encoded: bytes) -> bytes:
    return b"\r\n ".join([encoded[start : start + _LINE - 4] for start in range(0, len(encoded), _LINE - 4)])
