"""NL70x and NL71x: the two parts of the mail: their size, their order, what both must hold."""

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import unquote

from newsletter.checks.proof import Proof
from newsletter.checks.rules import Noted, Rule, Stage, mail_rule
from newsletter.columns import is_wide
from newsletter.edition import Field, Part, slot
from newsletter.errors import Severity

#: Gmail clips longer mails, and the way out with them (research/rendering.md, section 4)
HTML_LIMIT = 102_400
HTML_CAUTION = 80_000
#: Gmail drops a longer style block whole (hteumeuleu/email-bugs, issue 90)
STYLE_LIMIT = 16_384
SUBJECT_CAUTION = 90
_SIZE_FIX = "shorten summaries, or split the issue"


@mail_rule(
    Rule(
        id="NL701",
        title="The HTML part is close to Gmail's limit",
        reason="Gmail clips a mail over 102,400 bytes. Personal links and a longer greeting add to what you see here.",
        example="an issue of 30 long stories",
        mend="Shorten summaries, or split the issue.",
        stage=Stage.MAIL,
    )
)
def large(proof: Proof) -> Iterator[Noted]:
    size = len(proof.edition.html.encode())
    if HTML_CAUTION < size <= HTML_LIMIT:
        yield Noted(f"the HTML part is {size:,} bytes; Gmail clips mails over {HTML_LIMIT:,}", _SIZE_FIX)


@mail_rule(
    Rule(
        id="NL702",
        title="Gmail would clip the mail",
        reason="What is clipped is the end of the mail, and with it the way to unsubscribe.",
        example="an issue of 60 long stories",
        mend="Shorten summaries, or split the issue.",
        stage=Stage.MAIL,
        severity=Severity.ERROR,
        protects="readers, who must find the way out",
    )
)
def too_large(proof: Proof) -> Iterator[Noted]:
    size = len(proof.edition.html.encode())
    if size > HTML_LIMIT:
        yield Noted(f"the HTML part is {size:,} bytes; Gmail clips mails over {HTML_LIMIT:,}", _SIZE_FIX)


@mail_rule(
    Rule(
        id="NL703",
        title="The style sheet is too long",
        reason=f"Gmail drops style sheets of more than {STYLE_LIMIT:,} characters, the narrow layout with them.",
        example="<mj-style> with a whole framework in it",
        mend="Take rules out of the template's <mj-style>; what can stand inline costs nothing here.",
        stage=Stage.MAIL,
        severity=Severity.ERROR,
    )
)
def long_style(proof: Proof) -> Iterator[Noted]:
    size = sum(map(len, proof.markup.styles))
    if size > STYLE_LIMIT:
        message = f"the style sheets hold {size:,} characters; Gmail drops them over {STYLE_LIMIT:,}"
        yield Noted(message, "take rules out of the template's <mj-style>")


@mail_rule(
    Rule(
        id="NL705",
        title="Headings are out of order",
        reason="People who listen to mail move by headings; a missing level sends them looking for what is not there.",
        example="<h1>…</h1> … <h3>…</h3>",
        mend="Begin with one h1, and go down one level at a time.",
        stage=Stage.MAIL,
    )
)
def heading_order(proof: Proof) -> Iterator[Noted]:
    levels = proof.markup.headings
    if levels.count(1) != 1 or levels[0] != 1:
        said = "begins with no h1" if levels.count(1) == 1 else f"has {levels.count(1)} h1"
        yield Noted(f"the HTML part {said}", "give the template one h1, above all other headings")
    skipped = next(((one, other) for one, other in pairwise(levels) if other > one + 1), None)
    if skipped:
        yield Noted(f"an h{skipped[1]} follows an h{skipped[0]}", "let the template go down one level at a time")


_ADDRESS = re.compile(r"https?://[!#-;=?-~]+")
_LAST = ".,;:!?)]}'*_"


@mail_rule(
    Rule(
        id="NL706",
        title="A link stands in one part of the mail only",
        reason="Who reads the text part must come to the same pages as who reads the HTML part.",
        example="a template whose text.txt leaves the stories' links out",
        mend="Let layout.mjml and text.txt of the template print the same links.",
        stage=Stage.MAIL,
    )
)
def one_sided_links(proof: Proof) -> Iterator[Noted]:
    html, text = _pages_of_html(proof), _pages_in(proof.edition.text)
    for page in sorted(html - text)[:3]:
        yield Noted(f"{page[:200]} stands in the HTML part only", "print it in the template's text.txt as well")
    for page in sorted(text - html - _pages_in(proof.markup.text))[:3]:
        yield Noted(f"{page[:200]} stands in the text part only", "link it in the template's layout.mjml as well")
    for field in (Field.UNSUBSCRIBE_URL, Field.PREFERENCES_URL, Field.VIEW_URL):
        held = {part for part in Part if _has(proof, part, field)}
        if len(held) == 1:
            [part] = held
            yield Noted(f"the {field} page is linked in the {part} part only", "print it in both parts of the template")


def _pages_of_html(proof: Proof) -> set[str]:
    return {page for link in proof.markup.links for page in _pages_in(link)}


def _pages_in(text: str) -> set[str]:
    """Up to the first letter beyond ASCII, where nobody can tell an address from the words behind it."""
    return {unquote(found.rstrip(_LAST)).rstrip(_LAST) for found in _ADDRESS.findall(text)}


def _has(proof: Proof, part: Part, field: Field) -> bool:
    content = proof.edition.html if part is Part.HTML else proof.edition.text
    return slot(proof.edition.source, part, field) in content


_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


@mail_rule(
    Rule(
        id="NL707",
        title="A control character in the mail",
        reason="Gmail clips a mail of any size for one of them; others turn the order of letters, as forgers like it.",
        example="a tag whose name in tags.yaml holds U+202E",
        mend="Delete it from the file, the template or the vocabulary.",
        stage=Stage.MAIL,
        severity=Severity.ERROR,
        protects="readers, whom such marks deceive",
    )
)
def control_characters(proof: Proof) -> Iterator[Noted]:
    edition = proof.edition
    parts = (("subject", edition.subject), ("HTML part", edition.html), ("text part", edition.text))
    told: set[str] = set()
    for name, content in parts:
        for mark in sorted(set(_INVISIBLE.findall(content)) - told)[:3]:
            told.add(mark)
            yield Noted(f"the {name} holds U+{ord(mark):04X}", "delete it", words=mark)


#: how people say why somebody gets a mail, for templates that name no day
_WHY = re.compile(
    r"\byou (?:get|receive|are receiving|asked|subscribed|signed up)\b|您(?:收到|订阅)|你(?:收到|订阅)", re.IGNORECASE
)


@mail_rule(
    Rule(
        id="NL708",
        title="The footer lacks what it must hold",
        reason="Law and decency ask for a way out, a postal address, and a word on why the reader gets this.",
        example="a template without partials/foot.mjml",
        mend="Print in both parts: the unsubscribe page or mailbox, the postal address, and why_you_get_this.",
        stage=Stage.MAIL,
        severity=Severity.ERROR,
        protects="readers, who must find who writes and how to leave",
    )
)
def footer(proof: Proof) -> Iterator[Noted]:
    for part, content in ((Part.HTML, proof.markup.text), (Part.TEXT, proof.edition.text)):
        for missing in _missing(proof, part, content):
            yield Noted(f"the {part} part lacks {missing}", "include partials/foot in the template")


def _missing(proof: Proof, part: Part, content: str) -> Iterator[str]:
    if not any(_has(proof, part, way) for way in (Field.UNSUBSCRIBE_URL, Field.UNSUBSCRIBE_MAILTO)):
        yield "a way to unsubscribe"
    if "".join(proof.imprint.postal_address.split()) not in "".join(content.split()):
        yield "the postal address"
    if not _has(proof, part, Field.SINCE) and not _WHY.search(" ".join(content.split())):
        yield "why the reader gets it"


@mail_rule(
    Rule(
        id="NL710",
        title="Settings are missing, and placeholders stand for them",
        reason="Nobody has said yet who writes and how to leave. `send` refuses until it is said.",
        example="an .env without NEWSLETTER_POSTAL_ADDRESS",
        mend="Set them in .env or in templates/newsletters.yaml.",
        stage=Stage.MAIL,
        protects="readers, who must find who writes and how to leave",
    )
)
def placeholders(proof: Proof) -> Iterator[Noted]:
    if proof.imprint.placeholders:
        fix = "set them in .env or in templates/newsletters.yaml before you send"
        yield Noted(f"placeholders stand for {', '.join(proof.imprint.placeholders)}", fix)


@mail_rule(
    Rule(
        id="NL711",
        title="The subject is long",
        reason="A telephone shows about 40 characters of it, a screen about 90. The rest nobody reads.",
        example='subject: "{{ lead_headline }}, and much more" with a long first headline',
        mend=f"Keep it within {SUBJECT_CAUTION} columns, the headline filled in; a Chinese character takes two.",
        stage=Stage.MAIL,
    )
)
def long_subject(proof: Proof) -> Iterator[Noted]:
    subject = proof.edition.subject
    columns = len(subject) + sum(map(is_wide, subject))
    if columns > SUBJECT_CAUTION:
        yield Noted(f"subject: becomes {columns} columns wide; phones show about 40", "shorten it", path=("subject",))
