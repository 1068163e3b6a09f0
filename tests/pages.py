"""Reads the pages of this repository as a reader would: follows the links, and looks up the commands."""

import itertools
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

SHELL = {"console", "sh", "bash", "shell"}
_SEPARATORS = {"|", "||", "&&", ";", "&"}
_REDIRECTIONS = {">", ">>", "<", "2>"}
_ASSIGNMENT = re.compile(r"[A-Z_]+=.*")
_INLINE = re.compile(r"newsletter [a-z][a-z-]*( [^…]*)?")
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    path: Path
    #: where the links of the page lead, in order
    links: tuple[str, ...]
    #: what can be linked to
    anchors: frozenset[str]
    #: each command of a shell block, or in inline code, as words
    commands: tuple[tuple[str, ...], ...]


def pages_of(root: Path) -> list[Path]:
    return sorted([*root.glob("*.md"), *(path for path in root.glob("docs/**/*.md"))])


def read_page(path: Path) -> Page:
    blocks = MarkdownIt("commonmark").enable("table").parse(_without_front_matter(path.read_text(encoding="utf-8")))
    tokens = [token for block in blocks for token in (block, *(block.children or ()))]
    html = _read_html(tokens)
    return Page(
        path=path,
        links=tuple(_links(tokens)) + tuple(html.links),
        anchors=frozenset(_anchors(blocks)) | frozenset(html.anchors),
        commands=tuple(_commands(tokens)),
    )


def _without_front_matter(text: str) -> str:
    return re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)


def _links(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        target = token.attrs.get("href") or token.attrs.get("src")
        if target:
            yield str(target)


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src", "srcset"} and value:
                self.links.append(value)
            elif name in {"id", "name"} and value:
                self.anchors.append(value)


def _read_html(tokens: Sequence[Token]) -> _Html:
    html = _Html()
    for token in tokens:
        if token.type in {"html_block", "html_inline"}:
            html.feed(token.content)
    return html


def _anchors(blocks: Sequence[Token]) -> Iterator[str]:
    """As code forges make them: lower case, punctuation dropped, spaces to hyphens, repeats numbered."""
    seen: dict[str, int] = {}
    for opening, inline in itertools.pairwise(blocks):
        if opening.type != "heading_open":
            continue
        words = "".join(token.content for token in inline.children or () if token.type in {"text", "code_inline"})
        anchor = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        yield f"{anchor}-{count}" if count else anchor


def _commands(tokens: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    for token in tokens:
        if token.type == "fence" and token.info.strip() in SHELL:
            for line in _typed(token.content, prompt=token.info.strip() == "console"):
                yield from _split(line)
        elif token.type == "code_inline" and _INLINE.fullmatch(token.content):
            yield from _split(token.content)


def _typed(block: str, *, prompt: bool) -> Iterator[str]:
    """The lines that a person types; in a console block those behind `$`, the others being answers."""
    for line in block.replace("\\\n", " ").splitlines():
        if not prompt:
            yield line
        elif line.startswith("$ "):
            yield line[2:]


def _split(line: str) -> Iterator[tuple[str, ...]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word in _SEPARATORS:
            if words:
                yield tuple(words)
            words = []
        elif words or not _ASSIGNMENT.fullmatch(word):
            words.append(word)


def broken_links(page: Page, root: Path) -> list[str]:
    """The links that lead nowhere. Pages of other hosts are not asked."""
    return [link for link in page.links if not _leads_somewhere(link, page, root)]


def _leads_somewhere(link: str, page: Page, root: Path) -> bool:
    parts = urlsplit(link)
    if parts.scheme in {"http", "https", "mailto"}:
        return True
    target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path.resolve()
    if not target.is_relative_to(root.resolve()) or not target.exists():
        return False
    if not parts.fragment or target.suffix != ".md":
        return True
    return unquote(parts.fragment) in read_page(target).anchors


def wrong_commands(page: Page, group: Any) -> list[str]:
    """The calls of our program that it would not understand."""
    return [
        f"{' '.join(words)}: {complaint}"
        for words in page.commands
        if (ours := _arguments(words)) is not None and (complaint := _complaint(ours, group))
    ]


def _arguments(words: tuple[str, ...]) -> tuple[str, ...] | None:
    if words[0].rpartition("/")[2] == "newsletter":
        return words[1:]
    if words[0].rpartition("/")[2].startswith("python") and words[1:3] == ("-m", "newsletter"):
        return words[3:]
    return None


def _complaint(words: Sequence[str], command: Any) -> str | None:
    """Walks down the groups; `command` is what Typer made of the command line."""
    for word in words:
        if word in _REDIRECTIONS:
            return None
        if word.startswith("-") and word != "-":
            if word.partition("=")[0] not in _options(command):
                return f"there is no {word}"
        elif commands := getattr(command, "commands", None):
            if word not in commands:
                return f"there is no {word}"
            command = commands[word]
    return None


def _options(command: Any) -> set[str]:
    named = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return named | {"--help", "-h"}


def missing_targets(page: Page, makefile: str) -> list[str]:
    """The targets that the page names and the Makefile has not."""
    targets = set(_TARGET.findall(makefile))
    named = [word for words in page.commands if words[0] == "make" for word in words[1:]]
    return [word for word in named if "=" not in word and not word.startswith("-") and word not in targets]
