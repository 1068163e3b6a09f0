"""The Markdown form: front matter between two lines of dashes, then the body."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from newsletter.errors import Finding, IssueError, Severity
from newsletter.fields import PROSE_LIMIT
from newsletter.issue import Kind
from newsletter.located import Located, Place
from newsletter.masthead import Masthead
from newsletter.reader.brief import read_brief
from newsletter.reader.reading import Reading, finish, frame_of, in_order
from newsletter.reader.rows import Mark, Row, Spot, add_spots, read_rows
from newsletter.reader.update import read_update
from newsletter.yamlfile import read_yaml

_FENCE = "---"
_MOST_LINES = 5_000
#: what the body holds, so that the front matter must not
_OF_THE_BODY = ("intro", "sections")
#: what to do in this form, by the end of what was said about the model
_FIXES: dict[str, str | dict[Kind, str]] = {
    "sections: is missing": {
        Kind.TEAM_UPDATE: "write points below the intro, each after '- '",
        Kind.DAILY_BRIEF: "begin each story with a line '### Headline'",
    },
    "intro: is missing": "write a paragraph above the first point",
    ".points: is empty": "write points below the heading, each after '- '",
    ".stories: is empty": "begin a story below the heading with a line '### Headline'",
    ".headline: is empty": "write the headline behind '###'",
    ".summary: is missing": "write a line '- Summary: …' below the headline",
    ".summary: is empty": "write it behind 'Summary:'",
}


@dataclass(frozen=True, slots=True)
class _Pages:
    """A file cut in two, with the line on which each part begins."""

    front: str
    body: str
    body_line: int
    #: why there is no front matter to read
    fault: Finding | None = None


def read_markdown(text: str, *, path: str, mastheads: Mapping[str, Masthead]) -> Reading:
    """
    The issue that a Markdown text holds.

    :raises IssueError: with everything that is wrong at once
    """
    _refuse_endless(text, path)
    pages = _cut(text)
    located, faults = _front(pages, path)
    frame = frame_of(located, mastheads)
    rows = read_rows(pages.body, pages.body_line)
    kind = frame.kind or _likely_kind(rows)
    spots, findings = (read_brief if kind is Kind.DAILY_BRIEF else read_update)(rows)
    findings += _put(spots, located, pages)
    try:
        reading = finish(located, replace(frame, kind=kind), path=path, found=findings)
    except IssueError as error:
        found = [_in_this_form(finding, kind) for finding in error.findings]
        if faults:  # without the front matter, only what was said about the body counts
            found = [finding for finding in found if _is_of_body(finding, pages)]
        raise IssueError(*in_order([*faults, *found], path)) from error
    if faults:
        raise IssueError(*in_order(faults, path))
    return reading


def _refuse_endless(text: str, path: str) -> None:
    """What no issue needs would only cost time; a line longer than a field may be cannot be right."""
    lines = text.split("\n")
    findings = [
        Finding(message=f"this line is longer than {PROSE_LIMIT:,} characters", fix="shorten it", line=number, column=1)
        for number, line in enumerate(lines, start=1)
        if len(line) > PROSE_LIMIT
    ]
    if len(lines) > _MOST_LINES:
        findings.append(Finding(message=f"holds more than {_MOST_LINES:,} lines", fix="split the issue"))
    if findings:
        raise IssueError(*(replace(finding, path=path, rule="size") for finding in findings))


def _cut(text: str) -> _Pages:
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if lines[first].rstrip() != _FENCE:
        message, fix = "has no front matter", "begin with a line '---', then newsletter, date and subject, then '---'"
        return _Pages("", text, 1, Finding(message=message, fix=fix, line=first + 1, column=1, rule="front-matter"))
    for number in range(first + 1, len(lines)):
        if lines[number].rstrip() == _FENCE:
            return _Pages("\n".join(lines[:number]), "\n".join(lines[number + 1 :]), number + 2)
    message, fix = "the front matter never ends", "write a line '---' below its last field"
    fault = Finding(message=message, fix=fix, line=first + 1, column=1, rule="front-matter")
    return _Pages("\n".join(lines), "", len(lines), fault)


def _front(pages: _Pages, path: str) -> tuple[Located, list[Finding]]:
    """The front matter's fields; when they cannot be read, what its lines seem to say about newsletter and kind."""
    faults = [pages.fault] if pages.fault else []
    if not faults:
        try:
            return read_yaml(pages.front, path=path, error=IssueError), []
        except IssueError as error:
            faults = list(error.findings)
    return Located(_guessed(pages.front), {(): Place(1)}), faults


def _guessed(front: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in front.split("\n"))
    return {name: value.strip(" \"'") for name, _, value in pairs if name in ("newsletter", "kind")}


def _likely_kind(rows: Iterable[Row]) -> Kind:
    has_headlines = any(row.mark is Mark.HEADING and row.level == 3 for row in rows)
    return Kind.DAILY_BRIEF if has_headlines else Kind.TEAM_UPDATE


def _put(spots: dict[str, Spot], located: Located, pages: _Pages) -> list[Finding]:
    """Put the body beside the front matter, which counts where both say something."""
    findings = []
    for name in (*_OF_THE_BODY, "closing", "sign_off", "signature"):
        if located.values.get(name) is None:
            continue
        is_of_body = name == "sections" or (name in _OF_THE_BODY and name in spots)
        if is_of_body:
            fix = "move it out of the front matter"
            findings.append(located.finding((name,), "belongs below the front matter", fix, rule="given-twice"))
        elif name in spots:
            findings.append(_given_twice(name, spots[name]))
        spots = {key: spot for key, spot in spots.items() if key != name}
    add_spots(spots, located)
    for name in _OF_THE_BODY:
        located.places.setdefault((name,), Place(pages.body_line))
    return findings


def _given_twice(name: str, spot: Spot) -> Finding:
    return Finding(
        message=f"{name}: stands here and in the front matter, which counts",
        fix="delete one of the two",
        line=spot.line,
        column=spot.column,
        rule="given-twice",
        severity=Severity.WARNING,
    )


def _is_of_body(finding: Finding, pages: _Pages) -> bool:
    name, _, _ = finding.message.partition(":")
    is_field_missing = finding.rule == "missing-field" and "." not in name and name != "sections"
    return bool(pages.body) and (finding.line or 0) >= pages.body_line and not is_field_missing


def _in_this_form(finding: Finding, kind: Kind) -> Finding:
    for end, fix in _FIXES.items():
        if finding.message.endswith(end):
            return replace(finding, fix=fix if isinstance(fix, str) else fix[kind])
    return finding
