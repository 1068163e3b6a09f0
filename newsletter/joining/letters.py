"""The mail that answers a sign-up: short, plain, and without a word that a stranger has written."""

import hashlib
import hmac
import html
from collections.abc import Sequence
from datetime import datetime

from newsletter.delivery import Recipient
from newsletter.edition import Edition, Letterhead, Links, digest
from newsletter.joining.wording import MAILS
from newsletter.masthead import Imprint, Masthead
from newsletter.message import Letter
from newsletter.signup import Answer, AnswerKind
from newsletter.tokens import Purpose, Token, make_token

_PAGE = """\
<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="margin:0;padding:24px;background:#f3f1ec">
<div style="max-width:560px;margin:0 auto;padding:28px 32px;background:#fffefc;color:#22292f;\
font:16px/1.6 'Segoe UI',Helvetica,Arial,sans-serif">
{body}
</div></body></html>
"""
_BUTTON = (
    '<p style="margin:24px 0"><a href="{link}" style="display:inline-block;padding:11px 22px;background:#1d4d78;'
    'color:#fffefc;text-decoration:none;border-radius:8px;font-weight:600">{word}</a></p>\n'
    '<p style="margin:0 0 16px;font-size:13px;color:#5c6670;word-break:break-all">{link}</p>'
)
_PARAGRAPH = '<p style="margin:0 0 16px">{text}</p>'
_FOOT = '<p style="margin:28px 0 0;font-size:13px;color:#5c6670">{text}</p>'


def letter_of(
    answer: Answer, masthead: Masthead, imprint: Imprint, *, keys: Sequence[bytes], base_url: str, now: datetime
) -> Letter:
    link = _link(answer, keys, base_url)
    said = MAILS[answer.language, answer.kind]
    subject, word, text = (part.format(title=masthead.title, link=link) for part in said)
    foot = imprint.postal_address
    if imprint.sender.name not in foot:
        foot = f"{imprint.sender.name}\n{foot}"
    edition = Edition(
        letterhead=_letterhead(masthead, imprint, answer.language, now),
        source=digest([text])[:10],
        stories=(),
        subject=subject,
        preheader="",
        html=_as_html(text, foot, link=link, word=word, about=(answer.language, subject)),
        text=f"{text}\n\n-- \n{foot}\n",
    )
    return Letter(edition, _recipient(answer, imprint, keys[0]))


def _link(answer: Answer, keys: Sequence[bytes], base_url: str) -> str:
    if answer.kind is AnswerKind.CONFIRM:
        purpose, token = Purpose.CONFIRM, Token(answer.public_id, 0)
    else:
        purpose, token = Purpose.PREFERENCES, Token(answer.subscription, 0)
    return f"{base_url.rstrip('/')}/{purpose}/{make_token(keys, purpose, token)}"


def _letterhead(masthead: Masthead, imprint: Imprint, language: str, now: datetime) -> Letterhead:
    return Letterhead(
        newsletter=masthead.name,
        title=masthead.title,
        slug="sign-up",
        language=language,
        issued_at=now,
        sender=imprint.sender,
        reply_to=imprint.reply_to,
        list_id=masthead.list_id,
        links=Links.WEB,
        is_answer=True,
    )


def _recipient(answer: Answer, imprint: Imprint, key: bytes) -> Recipient:
    domain = imprint.sender.address.rpartition("@")[2]
    secret = hmac.digest(key, b"newsletter answer " + answer.public_id, hashlib.sha256).hex()[:26]
    # Below every number of a delivery, so that what a provider reports of it is never a reader's.
    return Recipient(delivery_id=-answer.id, address=answer.address, name="", message_id=f"answer-{secret}@{domain}")


def _as_html(text: str, foot: str, *, link: str, word: str, about: tuple[str, str]) -> str:
    language, subject = about
    parts = [
        _BUTTON.format(link=html.escape(link), word=html.escape(word))
        if part == link
        else _PARAGRAPH.format(text=html.escape(part))
        for part in text.split("\n\n")
    ]
    parts.append(_FOOT.format(text=html.escape(foot).replace("\n", "<br>")))
    return _PAGE.format(language=language, subject=html.escape(subject), body="\n".join(parts))
