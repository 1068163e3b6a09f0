"""DKIM-Signature and Authentication-Results of a mail: what was signed, and what the receiver made of it."""

import re
from collections.abc import Iterator
from email.message import Message
from email.utils import getaddresses

from newsletter.diagnosis.dmarc import tags_of
from newsletter.diagnosis.verdict import Grade, Verdict, doubtful, fine, wrong

_RULE = "dkim"
_SIGNED = ("from", "subject", "list-unsubscribe", "list-unsubscribe-post")
_RECIPE = (
    "OpenDKIM: write 'SignHeaders *,+List-Unsubscribe,+List-Unsubscribe-Post' into opendkim.conf; "
    "SendGrid: authenticate the sender's domain there, and if its signature still leaves one out, ask its support"
)
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"(?:^|;)\s*(spf|dkim|dmarc)\s*=\s*([a-z]+)", re.IGNORECASE)


def examine_signatures(message: Message) -> Iterator[Verdict]:
    """A signature of the sender's own domain must cover who writes, what it says and both ways out."""
    signatures = [tags_of(" ".join(str(value).split())) for value in message.get_all("DKIM-Signature", [])]
    if not signatures:
        yield _not_signed(message)
        return
    domain = _sender_domain(message)
    ours = [signature for signature in signatures if _is_aligned(_plain(signature.get("d", "")), domain)]
    if not ours:
        signers = ", ".join(sorted({_plain(signature.get("d", "nobody")) for signature in signatures}))[:200]
        fix = f"let your provider sign as {domain}: authenticate that domain there"
        yield wrong(_RULE, f"signed by {signers}, which is not the sender's domain {domain}", fix)
        return
    wanted = [name for name in _SIGNED if name != _SIGNED[-1] or message.get("List-Unsubscribe-Post") is not None]
    lacking = min(([name for name in wanted if name not in _covered(one)] for one in ours), key=len)
    if lacking:
        yield wrong(_RULE, f"the signature leaves out {' and '.join(map(_shown, lacking))}", _RECIPE)
    else:
        yield fine(_RULE, f"signed as {_plain(ours[0]['d'])}; covers {', '.join(map(_shown, wanted))}")
    if any("l" in signature for signature in ours):
        yield doubtful(_RULE, "the signature covers a part of the body only (l=)", "take l= (BodyLengths) out")


def _not_signed(message: Message) -> Verdict:
    if message.get("Received") is None:
        fix = "your mail server signs on the way: judge a mail that came back"
        return doubtful(_RULE, "not signed here", fix)
    return wrong(_RULE, "came back without a DKIM signature", "let your provider sign, or OpenDKIM on your server")


def _covered(signature: dict[str, str]) -> set[str]:
    return {_plain(name) for name in signature.get("h", "").split(":")}


def _plain(value: str) -> str:
    return "".join(value.split()).lower().rstrip(".")


def _shown(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _is_aligned(signer: str, domain: str) -> bool:
    """Relaxed alignment, as near as it can be known without DNS."""
    return bool(signer and domain) and (
        signer == domain or domain.endswith(f".{signer}") or signer.endswith(f".{domain}")
    )


def _sender_domain(message: Message) -> str:
    addresses = [address for _, address in getaddresses([str(value) for value in message.get_all("From", [])])]
    return _plain(addresses[0].rpartition("@")[2]) if addresses else ""


def examine_results(message: Message) -> Iterator[Verdict]:
    """What the last receiver wrote down; lines below its own may be anybody's."""
    written = next(iter(message.get_all("Authentication-Results", [])), None)
    if written is None:
        return
    text = " ".join(str(written).split())
    while (bare := _COMMENT.sub("", text)) != text:
        text = bare
    found: dict[str, list[str]] = {}
    for method, result in _RESULT.findall(text):
        found.setdefault(method.lower(), []).append(result.lower())
    for method, results in found.items():
        # Of several DKIM signatures, one that passes is enough.
        yield _about_result(method, "pass" if "pass" in results else results[0])


def _about_result(method: str, result: str) -> Verdict:
    rule = f"{method}-result"
    if result == "pass":
        return fine(rule, f"the receiver says {method}=pass")
    grade = Grade.ERROR if result in ("fail", "permerror") else Grade.WARNING
    return Verdict(rule, grade, f"the receiver says {method}={result}", "newsletter doctor looks at the DNS records")
