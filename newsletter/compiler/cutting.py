"""Cut a compiled part at its marks into pieces, so that an edition is a choice of pieces."""

import re
from collections.abc import Sequence

from newsletter.compiler.ink import HtmlInk, Ink
from newsletter.edition import Filling, Piece, mark
from newsletter.errors import Finding, TemplateError

_TAG = re.compile(r"""<(?P<end>/?)(?P<name>[a-zA-Z][\w:-]*)(?:[^"'<>]++|"[^"]*+"|'[^']*+')*>""")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_VOID = frozenset({"br", "hr", "img", "wbr", "col", "input", "link", "meta"})


def cut_html(made: str, ink: HtmlInk, *, stories: Sequence[tuple[int, str]], path: str) -> tuple[Piece, ...]:
    """
    The pieces of the HTML part, with what was held outside put back.

    :raises TemplateError: a story is not marked, or a piece cannot be taken out without breaking the rest
    """
    pieces = _cut(made, _mark_pattern(ink, "<!--", "-->"), stories)
    _insist_marked(pieces, ink, stories, path=path)
    for piece in pieces:
        if (piece.section is not None) and not _is_balanced(piece.content):
            what = f"the story {piece.story}" if piece.story else "a section"
            message, fix = f"{what} is cut in the middle of a tag", "put its cut before its first row"
            raise TemplateError(Finding(message=message, fix=fix, path=path, rule="cut"))
    return tuple(Piece(_put_back(piece.content, ink, path), piece.section, piece.story) for piece in pieces)


def cut_text(made: str, ink: Ink, *, stories: Sequence[tuple[int, str]], path: str) -> tuple[Piece, ...]:
    """The pieces of the text part."""
    pieces = _cut(made, _mark_pattern(ink, "", r"\n?"), stories)
    _insist_marked(pieces, ink, stories, path=path)
    return pieces


def _mark_pattern(ink: Ink, before: str, after: str) -> re.Pattern[str]:
    return re.compile(rf"{before}NL{ink.source}cut(all|section|story)(\d*)NL{after}")


def _cut(made: str, pattern: re.Pattern[str], stories: Sequence[tuple[int, str]]) -> tuple[Piece, ...]:
    first, *others = pattern.split(made)
    pieces = [Piece(first)]
    for kind, number, stretch in zip(others[::3], others[1::3], others[2::3], strict=True):
        if kind == "story":
            section, story = stories[int(number)]
            pieces.append(Piece(stretch, section, story))
        else:
            pieces.append(Piece(stretch, int(number) if kind == "section" else None))
    return tuple(piece for piece in pieces if piece.content)


def _insist_marked(pieces: Sequence[Piece], ink: Ink, stories: Sequence[tuple[int, str]], *, path: str) -> None:
    """A story that stands outside its cut would go to readers who did not choose it."""
    marked = {piece.story for piece in pieces}
    missing = [story for _, story in stories if story not in marked]
    number = mark(ink.source, ink.part, Filling.NUMBER)
    if missing or any(piece.story is None and number in piece.content for piece in pieces):
        message = f"does not mark the story {missing[0]}" if missing else "a story's number stands outside its cut"
        raise TemplateError(Finding(message=message, fix="write {{ story.cut }} before it", path=path, rule="cut"))


def _is_balanced(content: str) -> bool:
    open_tags: list[str] = []
    for tag in _TAG.finditer(_COMMENT.sub("", content)):
        name = tag["name"].lower()
        if name in _VOID:
            continue
        if not tag["end"]:
            open_tags.append(name)
        elif not open_tags or open_tags.pop() != name:
            return False
    return not open_tags


def _put_back(content: str, ink: HtmlInk, path: str) -> str:
    token = re.compile(rf"NL{ink.source}v(\d+)NL")
    whole = token.sub(lambda found: ink.held[int(found[1])], content)
    if f"nl{ink.source}v" in whole.lower():
        message, fix = (
            "a filter alters what an author wrote",
            "use values as they are, without upper, title and the like",
        )
        raise TemplateError(Finding(message=message, fix=fix, path=path, rule="filter"))
    return whole
