"""
The signature under what SendGrid reports: ECDSA on P-256 with SHA-256, over a timestamp and the body as it was sent.

Source: SendGrid's page "Getting Started with the Event Webhook Security Features".
"""

import base64
import binascii
import re
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from newsletter.errors import SettingsError

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"
#: seconds. SendGrid repeats for 24 hours what was not taken, and nowhere says that it signs a repeat anew.
OLDEST, AHEAD = 25 * 3_600, 5 * 60
#: exactly ten digits: nothing parts the timestamp from the body in what is signed, so one could lend the other a digit
_TIMESTAMP = re.compile(r"[0-9]{10}", re.ASCII)
#: DER of two numbers of 32 bytes, in base64, is not longer
_LONGEST = 100


class SignatureKey:
    def __init__(self, text: str) -> None:
        """
        :param text: base64 of the key's DER (SubjectPublicKeyInfo), as SendGrid shows it
        :raises SettingsError: it is no such key
        """
        try:
            key = load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
        except (ValueError, binascii.Error, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
            raise SettingsError(
                "NEWSLETTER_SENDGRID_WEBHOOK_KEY is not a key on P-256 in base64",
                fix="copy the verification key from SendGrid: Settings, Mail Settings, Event Webhook",
            )
        self._key = key

    def signed(self, body: bytes, *, signature: str, timestamp: str) -> bool:
        """Whether the holder of the key signed these very bytes with this timestamp."""
        if not _TIMESTAMP.fullmatch(timestamp) or len(signature) > _LONGEST:
            return False
        try:
            raw = base64.b64decode(signature.encode("ascii"), validate=True)
            self._key.verify(raw, timestamp.encode() + body, ECDSA(SHA256()))
        except (InvalidSignature, ValueError, binascii.Error):
            return False
        return True


def is_timely(timestamp: str, now: datetime) -> bool:
    """
    :param timestamp: of something that was signed
    """
    age = now.timestamp() - int(timestamp)
    return -AHEAD <= age <= OLDEST
