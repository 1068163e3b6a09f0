"""DKIM (RFC 6376): the public key at a selector."""

import base64
import binascii
from collections.abc import Iterator, Sequence

from newsletter.diagnosis.dmarc import tags_of
from newsletter.diagnosis.names import Names
from newsletter.diagnosis.verdict import Verdict, doubtful, fine, wrong

_RULE = "dkim"
#: an RSA key's DER form is so many bytes longer than its modulus
_DER_FRAME = 38
_LEAST_BITS, _ADVISED_BITS = 1024, 2048


def examine_dkim(domain: str, selectors: Sequence[str], names: Names, *, ours: str = "") -> Iterator[Verdict]:
    """
    Every selector's key; without a selector, nothing can be asked.

    :param ours: the public key, as it is to be published, when it is we who sign
    :raises UnansweredError: DNS did not say
    """
    if not selectors:
        fix = "name your mail server's selector with --dkim-selector, or judge a mail that came back: doctor FILE.eml"
        yield doubtful(_RULE, f"which key signs mail of {domain} cannot be known from here", fix)
    for selector in selectors:
        yield from _examine_key(f"{selector}._domainkey.{domain}", names, ours)


def _examine_key(name: str, names: Names, ours: str) -> Iterator[Verdict]:
    found = [tags_of(text) for text in names.texts(name) if "p=" in text.replace(" ", "")]
    if len(found) != 1:
        said = f"has {len(found)} keys" if found else "holds no key"
        yield wrong(_RULE, f"{name} {said}", "publish the one record that your mail provider names for it")
        return
    (tags,) = found
    if not tags["p"]:
        yield wrong(_RULE, f"{name} is revoked (p= is empty)", "publish the key that your mail server signs with")
        return
    if ours and "".join(tags["p"].split()) != ours:
        fix = "publish the public half of NEWSLETTER_DKIM_KEY_FILE: openssl rsa -in FILE -pubout"
        yield wrong(_RULE, f"{name} is not the key that our mails are signed with", fix)
        return
    yield _about_key(name, tags)
    if "y" in tags.get("t", "").lower().split(":"):
        yield doubtful(_RULE, f"{name} says that it is only a test (t=y)", "take t=y out")


def _about_key(name: str, tags: dict[str, str]) -> Verdict:
    try:
        key = base64.b64decode("".join(tags["p"].split()), validate=True)
    except binascii.Error:
        return wrong(_RULE, f"{name} holds no readable key", "copy it again: one line of letters, without gaps")
    kind = tags.get("k", "rsa").lower()
    if kind == "ed25519":
        return doubtful(_RULE, f"{name} is an ed25519 key, which many receivers cannot check", "sign with RSA as well")
    if kind != "rsa":
        return wrong(_RULE, f"{name} is a key of the unknown kind {kind[:20]}", "use an RSA key of 2048 bits")
    # Rounded, since the frame differs by a few bytes.
    bits = round((len(key) - _DER_FRAME) / 16) * 128
    if bits < _LEAST_BITS:
        return wrong(_RULE, f"{name} is an RSA key of {max(bits, 0)} bits, which receivers refuse", "make one of 2048")
    if bits < _ADVISED_BITS:
        return doubtful(_RULE, f"{name} is an RSA key of {bits} bits", "make one of 2048 bits")
    return fine(_RULE, f"{name} is an RSA key of {bits} bits")
