"""How fast an issue is compiled, cut into editions and written as messages. Run it with `make bench-render`."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from email.headerregistry import Address
from email.message import EmailMessage
from functools import partial
from itertools import chain, combinations, cycle, islice, product
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.measuring import Row, in_turns, keep, show
from benchmarks.press_floor import libraries_alone
from newsletter import compiler, wiring
from newsletter.compiler.job import Job
from newsletter.compiler.press import press
from newsletter.delivery import Recipient
from newsletter.edition import CompiledIssue, Edition, Field, Links, Part, cut_edition, slot
from newsletter.issue import AnyIssue, Sender
from newsletter.masthead import Imprint
from newsletter.merge import merge_values
from newsletter.message import escaped, list_headers, prebuild, unsubscribe_headers
from newsletter.reader import read_issue
from newsletter.tokens import Token, make_token, message_id

ROOT = Path(__file__).parents[1]
BRIEFS = {
    "English": ROOT / "docs" / "examples" / "china-ai-brief.md",
    "Chinese": ROOT / "benchmarks" / "chinese-brief.md",
}
IMPRINT = Imprint(
    sender=Sender(name="Harbour Advisers", address="brief@example.com"),
    reply_to="advisers@example.com",
    postal_address="Harbour Advisers, 1 Quay Street, Singapore 048616",
    unsubscribe_address="leave@example.com",
)
KEYS = (b"an invented key that signs nothing but a benchmark",)
#: given and family names, or family and given ones
NAMES = {
    "English": (
        ("Mei", "Ada", "Jun", "Thomas", "Wei Ling", "Bo", "Catherine", "Li", "Xiaoming", "Eve"),
        ("Chen", "O'Neil", "Zhang", "Smith & Lee", "Hernández", "Featherstone", "Ng", "Wang", "Lim", "Ito"),
    ),
    "Chinese": (
        ("陈", "欧阳", "张", "王", "李", "诸葛", "林", "黄", "吴", "周"),
        ("美", "雅文", "俊", "晓明", "丽", "思远", "博", "静怡", "明", "子涵"),
    ),
}
READERS = 1_000
EDITIONS = 1_000
#: the peer takes too long for more
PEER_READERS = 20


@dataclass(frozen=True, slots=True)
class Reader:
    number: int
    name: str
    since_on: date


@dataclass(frozen=True, slots=True)
class Case:
    """A brief of ten stories, and those who read it."""

    language: str
    compile: partial[CompiledIssue]
    compiled: CompiledIssue
    #: with every story
    edition: Edition
    readers: list[Reader]

    def recipients(self) -> list[Recipient]:
        return [recipient_of(self.compiled, reader) for reader in self.readers]


def case_of(language: str) -> Case:
    compiler = compiler_of(BRIEFS[language])
    compiled = compiler()
    edition = cut_edition(compiled, [story.id for story in compiled.stories])
    return Case(language, compiler, compiled, edition, list(readers_of(language)))


def compiler_of(path: Path) -> partial[CompiledIssue]:
    """Compiles the issue, which has been read, with the templates and tags that are shipped; all in this process."""
    materials = wiring.load_materials(ROOT / "templates")
    issue = read_issue(path, materials.mastheads).issue
    return partial(
        _compiled_here,
        issue,
        masthead=materials.mastheads[issue.newsletter],
        imprint=IMPRINT,
        templates=materials.templates,
        vocabulary=materials.vocabulary,
        links=Links.WEB,
    )


def _compiled_here(issue: AnyIssue, **details: Any) -> CompiledIssue:
    """Without the hand-over to the fence and back, which is a fork."""
    with patch.object(compiler, "pressed", lambda job: press(job)[:2]):
        return compiler.compile_issue(issue, **details)


def readers_of(language: str) -> Iterator[Reader]:
    joint = "" if language == "Chinese" else " "
    named = cycle(joint.join(pair) for pair in product(*NAMES[language]))
    for number, name in zip(range(READERS), named, strict=False):
        yield Reader(number, name, date(2020 + number % 6, 1 + number % 12, 1 + number % 28))


def recipient_of(compiled: CompiledIssue, reader: Reader) -> Recipient:
    """As `send` makes it, with three links signed for this reader alone."""
    token = Token(reader.number.to_bytes(16, "big"), 12)
    return Recipient(
        delivery_id=reader.number,
        address=f"reader{reader.number}@example.com",
        name=reader.name,
        message_id=message_id(KEYS[0], mailing_id=12, delivery_id=reader.number, domain="example.com"),
        values=merge_values(
            compiled,
            base_url="https://news.example.com",
            name=reader.name,
            since_on=reader.since_on,
            token_for=lambda purpose: make_token(KEYS, purpose, token),
        ),
    )


def built_by_the_library(edition: Edition, recipient: Recipient) -> bytes:
    """The peer: what a program does that asks the standard library for every message."""
    head = edition.letterhead
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = Address(head.sender.name, addr_spec=head.sender.address)
    message["To"] = Address(recipient.name, addr_spec=recipient.address)
    message["Reply-To"] = head.reply_to
    message["Subject"] = edition.subject
    message["Date"] = head.issued_at
    message["Message-ID"] = f"<{recipient.message_id}>"
    for name, value in unsubscribe_headers(head, recipient).items():
        message[name] = value
    for name, value in list_headers(head).items():
        message[name] = value
    message.set_content(filled(edition, Part.TEXT, recipient))
    message.add_alternative(filled(edition, Part.HTML, recipient), subtype="html")
    return message.as_bytes()


def filled(edition: Edition, part: Part, recipient: Recipient) -> str:
    content = edition.html if part is Part.HTML else edition.text
    for field in Field:
        content = content.replace(slot(edition.source, part, field), escaped(part, recipient.values[field]))
    return content


def insist_equal(case: Case) -> None:
    """What is fast must be right: both ways of writing a message read back alike."""
    for recipient in islice(case.recipients(), PEER_READERS):
        ours = read_back(prebuild(case.edition).fill(recipient))
        if ours != read_back(built_by_the_library(case.edition, recipient)):
            raise SystemExit(f"error: the message for {recipient.address} does not read back as it was written")


def read_back(message: bytes) -> list[str]:
    """Both parts; the library ends them in a line break, if need be one of its own."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    return [part.get_content().rstrip() for part in parsed.iter_parts()]


def messages_a_second(case: Case) -> dict[str, float]:
    """By who writes them; the floor copies the finished bytes."""
    prebuilt, recipients = prebuild(case.edition), case.recipients()
    copies = bytearray(prebuilt.fill(recipients[0]))
    found = in_turns(
        {
            "ours": lambda: [len(prebuilt.fill(recipient)) for recipient in recipients],
            "signed": lambda: [len(prebuilt.fill(recipient)) for recipient in case.recipients()],
            "floor": lambda: [len(bytes(copies)) for _ in recipients],
            "library": lambda: [built_by_the_library(case.edition, one) for one in recipients[:PEER_READERS]],
        }
    )
    return {name: (PEER_READERS if name == "library" else READERS) / taken for name, taken in found.items()}


def choices_of(compiled: CompiledIssue) -> list[tuple[str, ...]]:
    """As many choices of stories as there are to be editions, the largest first."""
    ids = [story.id for story in compiled.stories]
    sizes = range(len(ids), 0, -1)
    return list(islice(chain.from_iterable(combinations(ids, size) for size in sizes), EDITIONS))


def cut_all(compiled: CompiledIssue, choices: list[tuple[str, ...]]) -> list[Edition]:
    """HTML, text and hash of every choice, from a compiled issue that has not been cut before."""
    fresh = replace(compiled)
    editions = [cut_edition(fresh, choice) for choice in choices]
    if len({edition.hash for edition in editions}) != EDITIONS:
        raise SystemExit(f"error: these are not {EDITIONS} distinct editions")
    return editions


def seconds(case: Case) -> dict[str, float]:
    choices = choices_of(case.compiled)
    editions, anybody = cut_all(case.compiled, choices), recipient_of(case.compiled, case.readers[0])
    found = in_turns(
        {
            "cut": lambda: cut_all(case.compiled, choices),
            "wire": lambda: [len(prebuild(edition).fill(anybody)) for edition in editions],
        }
    )
    return found | in_turns({"compile": case.compile, "libraries": libraries_alone(job_of(case))})


def job_of(case: Case) -> Job:
    """What its compile hands to the press."""
    jobs: list[Job] = []

    def noting(job: Job) -> tuple[str, str]:
        jobs.append(job)
        return press(job)[:2]

    with patch.object(compiler, "pressed", noting):
        compiler.compile_issue(*case.compile.args, **case.compile.keywords)
    return jobs[0]


def measure(case: Case) -> tuple[list[Row], dict[str, float], dict[str, float]]:
    """Rows of the table, figures and ratios."""
    insist_equal(case)
    rate, took, name = messages_a_second(case), seconds(case), case.language
    size = len(prebuild(case.edition).fill(case.recipients()[0]))
    over_floor = rate["floor"] / rate["ours"]
    rows = [
        Row(f"{name}: whole messages of {size / 1000:.0f} kB", rate["ours"], "a second", least=50_000),
        Row(f"{name}: a message, beside a copy of its bytes", over_floor, "times", most=15),
        Row(f"{name}: the same with links signed", rate["signed"], "a second"),
        Row(f"{name}: the same by email.message", rate["library"], "a second"),
        Row(f"{name}: ten stories compiled", took["compile"] * 1000, "ms", most=6),
        Row(f"{name}: the same by the libraries alone", took["libraries"] * 1000, "ms"),
        Row(f"{name}: {EDITIONS:,} editions cut and hashed", took["cut"], "s", most=0.5),
        Row(f"{name}: their wire form, and a message of each", took["wire"], "s", most=1),
    ]
    key = name.lower()
    figures = {
        f"messages_a_second_{key}": rate["ours"],
        f"signed_messages_a_second_{key}": rate["signed"],
        f"message_bytes_{key}": size,
        f"compile_ms_{key}": took["compile"] * 1000,
        f"libraries_alone_ms_{key}": took["libraries"] * 1000,
        f"thousand_editions_s_{key}": took["cut"],
        f"thousand_wire_forms_s_{key}": took["wire"],
    }
    ratios = {
        f"memcpy of the same bytes, {name}": over_floor,
        f"Jinja, mjml2html and premailer alone, {name}": took["compile"] / took["libraries"],
        f"email.message.EmailMessage, {name}": rate["library"] / rate["ours"],
    }
    return rows, figures, ratios


def main() -> None:
    rows: list[Row] = []
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for language in BRIEFS:
        more_rows, more_figures, more_ratios = measure(case_of(language))
        rows += more_rows
        figures |= more_figures
        ratios |= more_ratios
    show("Rendering", rows)
    path = keep("render", figures=figures, ratios=ratios)
    print(f"\nKept in {path.relative_to(ROOT)}; ratios are ours divided by theirs, in time.")


if __name__ == "__main__":
    main()
