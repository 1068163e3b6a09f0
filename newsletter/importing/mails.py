"""What documents and mails bring with them: marks that were typed by hand, the footer of a mail of ours."""

import re
from collections.abc import Iterable
from dataclasses import replace

from newsletter.importing.guesses import Workspace
from newsletter.importing.lines import Line, Role, Source
from newsletter.importing.remarks import Remarks
from newsletter.importing.textpart import fitting
from newsletter.issue import Kind
from newsletter.masthead import Masthead
from newsletter.prose import prose_plain

_NUMBER = re.compile(r"\d{1,3}(?:[.)]\s+|[、．]\s*)(?=\S)")
_BULLET = re.compile(r"(?:[•‣▪◦●○■□◆►▶✓➢➤]\s*|[-–·]\s+)(?=\S)")
_LONGEST_FOOTER = 300
#: a footer is short, with the blank lines in it
_LAST_LINES = 40
_LANGUAGES = ("en", "zh-Hans")


def typed_marks(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Paragraphs that begin with a bullet or a number are points; a heading's number is none of its words."""
    return tuple(_typed(line) for line in lines)


def _typed(line: Line) -> Line:
    if line.role not in (Role.PARAGRAPH, Role.HEADING) or "\n" in line.text:
        return line
    number, bullet = _NUMBER.match(line.text), _BULLET.match(line.text)
    if number:
        role = Role.NUMBERED if line.role is Role.PARAGRAPH else Role.HEADING
        return replace(line, text=line.text[number.end() :], role=role, level=line.level if role is Role.HEADING else 0)
    if bullet and line.role is Role.PARAGRAPH:
        return replace(line, text=line.text[bullet.end() :], role=Role.BULLET, level=0)
    return line


def without_footer(source: Source, masthead: Masthead, kind: Kind, workspace: Workspace, remarks: Remarks) -> Source:
    """A mail of ours ends with who wrote it and how to leave; each mail gets its own."""
    labels = [workspace.labels(masthead, kind, language).get("written_by", "") for language in _LANGUAGES]
    patterns = [label.replace("{title}", masthead.title) for label in labels if label]
    for place, line in list(enumerate(source.lines))[-_LAST_LINES:]:
        first = line.text.split("\n")[0]
        if len(first) > _LONGEST_FOOTER:
            continue
        first = prose_plain(first).strip()
        if any(fitting(pattern, first, {"sender"}) for pattern in patterns):
            words = " / ".join(prose_plain(one.text) for one in source.lines[place:] if one.text)
            remarks.say(line.number, f"the footer was left out, each mail gets its own: {words}", rule="footer")
            return replace(source, lines=source.lines[:place])
    return source
