"""Word documents: checked, made HTML of by mammoth, and read through the same door as HTML."""

import html
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from newsletter.importing.documents.html import source_of_html
from newsletter.importing.documents.limits import entry_names, paragraph_texts, refusal, word_parts
from newsletter.importing.documents.remarks import LeftOut
from newsletter.importing.documents.walking import LEFT_OUT
from newsletter.importing.lines import Line, Role, Source

#: Word's title stands above its headings; a note without one begins with Heading 1
_STYLES = "\n".join(
    ["p[style-name='Title'] => h1:fresh"]
    + [
        f"p[style-name='{word} {level}'] => h{min(level + 1, 6)}:fresh"
        for word in ("Heading", "heading")
        for level in range(1, 7)
    ]
    + [f"p.Heading{level} => h{min(level + 1, 6)}:fresh" for level in range(1, 7)]
)
_MAIN = "word/document.xml"
_MARGIN = re.compile(r"word/(header|footer)\d*\.xml")
_DIAGRAM = re.compile(r"word/diagrams/data\d*\.xml")
_TRACKED = re.compile(rb"<\w+:(?:ins|del|moveFrom) ")
_HIDDEN = re.compile(rb"<\w+:vanish\s*/?>")
_TAG = re.compile("<[^>]*>")
_NOT_COMPARED = re.compile("[\\s\u00ad\u200b\u2011-]+")
_LOST_LIMIT = 300


def read_docx(content: bytes, *, path: str) -> Source:
    """
    The lines of a Word document. Pictures, notes and what else a line cannot hold are named in the remarks.

    Its properties hold a title too, which Word takes from the first version and nobody looks at; it is not taken.

    :raises InputError: it is none, is damaged or locked, or holds more than a note can need
    """
    parts = word_parts(content, path=path)
    left_out = LeftOut(path)
    made = _as_html(parts, left_out, path)
    _say_kept(parts, left_out)
    source = source_of_html(made, left_out, path=path)
    _say_lost(parts, made, left_out, path)
    _say_other_parts(parts, entry_names(content), left_out, path)
    lines = _raised(source.lines)
    return replace(source, lines=lines, title=None, remarks=left_out.findings)


def _as_html(parts: dict[str, bytes], left_out: LeftOut, path: str) -> str:
    import mammoth  # type: ignore[import-untyped]

    try:
        made = mammoth.convert_to_html(
            _repacked(parts),
            style_map=_STYLES,
            include_embedded_style_map=False,
            ignore_empty_paragraphs=False,
            transform_document=_with_notes_as_pictures,
            convert_image=_picture,
        )
    except Exception as error:
        # mammoth trusts a document's inner references; where they lead nowhere, anything may be raised
        message = "is damaged inside, so that it cannot be read as a Word document"
        raise refusal(path, message, "open it in Word and save it once more", rule="damaged") from error
    for message in made.messages:
        if "w:sym" in message.message:
            left_out.say("a symbol was left out", "look for a gap in the text", rule="symbol")
    return str(made.value)


def _repacked(parts: dict[str, bytes]) -> io.BytesIO:
    """Only what was checked: mammoth sees no other entry, and the package in no other way than we did."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    packed.seek(0)
    return packed


def _with_notes_as_pictures(document: Any) -> Any:
    """Footnotes and comments are reported like pictures: where they stand, with their words."""
    from mammoth import documents, transforms

    comments = {comment.comment_id: comment for comment in document.comments}

    def note(reference: Any) -> Any:
        words = " ".join(_words(document.notes.resolve(reference).body))
        return documents.image(alt_text=words, content_type=f"the {reference.note_type}", open=None)

    def comment(reference: Any) -> Any:
        found = comments.get(reference.comment_id)
        words = " ".join(_words(found.body)) if found else ""
        return documents.image(alt_text=words, content_type="the comment", open=None)

    for kind, transform in ((documents.NoteReference, note), (documents.CommentReference, comment)):
        document = transforms.element_of_type(kind, transform)(document)
    return document


def _words(elements: Iterable[Any]) -> Iterator[str]:
    """The words of each paragraph."""
    from mammoth import documents, transforms

    for element in elements:
        found = transforms.get_descendants_of_type(element, documents.Text)
        yield "".join(text.value for text in found)


def _picture(image: Any) -> list[Any]:
    from mammoth import html as nodes

    attributes = {"alt": image.alt_text or ""}
    if image.open is None:
        attributes[LEFT_OUT] = image.content_type
    return [nodes.element("img", attributes)]


def _raised(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Headings as they count in a document without a title."""
    headings = [line.level for line in lines if line.role is Role.HEADING]
    if not headings or min(headings) == 1:
        return lines
    return tuple(replace(line, level=line.level - 1) if line.role is Role.HEADING else line for line in lines)


def _say_kept(parts: dict[str, bytes], left_out: LeftOut) -> None:
    main = parts.get(_MAIN, b"")
    if _TRACKED.search(main):
        message = "holds tracked changes: what was inserted was kept, what was deleted was left out"
        fix = "if that is not meant, accept or reject them in Word and import it again"
        left_out.say(message, fix, rule="tracked")
    if _HIDDEN.search(main):
        left_out.say("holds hidden words, which were kept", "delete what readers are not to see", rule="hidden")


def _say_lost(parts: dict[str, bytes], made: str, left_out: LeftOut, path: str) -> None:
    """Whatever mammoth does not know: no paragraph of the document disappears in silence."""
    if _MAIN not in parts:
        return
    written = _compared(html.unescape(_TAG.sub("", made)))
    place = misses = 0
    for text in paragraph_texts(parts[_MAIN], path=path):
        words = _compared(text)
        found = written.find(words, place)
        found = found if found >= 0 else written.find(words)
        if found >= 0:
            place = found
            continue
        misses += 1
        if misses > _LOST_LIMIT:
            left_out.say("more was left out than can be named", "compare the file with the document", rule="lost")
            return
        left_out.words("part of this paragraph", text, rule="lost")


def _compared(text: str) -> str:
    return _NOT_COMPARED.sub("", text)


def _say_other_parts(parts: dict[str, bytes], names: list[str], left_out: LeftOut, path: str) -> None:
    said: set[str] = set()
    for name, content in parts.items():
        margin = _MARGIN.fullmatch(name)
        if margin or _DIAGRAM.fullmatch(name):
            words = " ".join(text for text in paragraph_texts(content, path=path) if text.strip())
            if words not in said:
                left_out.words(f"the page {margin[1]}" if margin else "a drawing with words", words, rule="left-out")
            said.add(words)
    for what, is_there in _OTHERS.items():
        if any(map(is_there, names)):
            left_out.say(f"{what} left out", rule="left-out")


_OTHERS: dict[str, Callable[[str], Any]] = {
    "macros were": re.compile(r".*vbaProject\.bin", re.IGNORECASE).fullmatch,
    "embedded files were": re.compile("word/embeddings/.+").fullmatch,
    "charts were": re.compile(r"word/charts/chart\d*\.xml").fullmatch,
}
