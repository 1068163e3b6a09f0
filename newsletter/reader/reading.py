"""From the values of a file, in either form, to the issue: the newsletter's defaults, the contact, the checks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from newsletter.errors import Finding, IssueError, Severity
from newsletter.fields import shown
from newsletter.issue import MODELS, AnyIssue, Kind
from newsletter.located import COMPLAINT_LIMIT, Located, Path, Place, complaints, nearest
from newsletter.masthead import Masthead
from newsletter.reader.mastheads import unknown_contact


@dataclass(frozen=True, slots=True)
class Reading:
    """An issue as it was read, what is doubtful about its file, and where everything stands in it."""

    issue: AnyIssue
    path: str
    warnings: tuple[Finding, ...]
    located: Located = field(repr=False)
    #: of the file, as it was read
    lines: tuple[str, ...] = field(default=(), repr=False)

    def place(self, path: Path) -> Place:
        """Where a field stands, `("sections", 0, "stories", 2, "tags", 0)`, or the nearest thing around it."""
        return self.located.place(path)

    def finding(
        self, path: Path, message: str, fix: str = "", *, rule: str = "field", severity: Severity = Severity.ERROR
    ) -> Finding:
        """A finding about a field of the file, with its place."""
        return self.located.finding(path, message, fix, rule=rule, severity=severity).at(self.path)


@dataclass(frozen=True, slots=True)
class Frame:
    """Whose issue it is and of which kind, as far as the file says."""

    masthead: Masthead | None
    kind: Kind | None
    findings: tuple[Finding, ...]


def make_reading(located: Located, *, path: str, mastheads: Mapping[str, Masthead]) -> Reading:
    """
    The issue made of a YAML file's values.

    :raises IssueError: with everything that is wrong at once
    """
    frame = frame_of(located, mastheads)
    return finish(located, frame, path=path)


def frame_of(located: Located, mastheads: Mapping[str, Masthead]) -> Frame:
    """The newsletter that the file names, and the kind that it or the newsletter names."""
    findings: list[Finding] = []
    name = located.values.get("newsletter")
    masthead = mastheads.get(name) if isinstance(name, str) else None
    if isinstance(name, str) and masthead is None:
        near = nearest(name, mastheads)
        fix = f"did you mean {near}?" if near else "add it to templates/newsletters.yaml"
        message = f"there is no newsletter '{shown(name)}'"
        findings.append(located.finding(("newsletter",), message, fix, rule="unknown-newsletter"))
    kind, about_kind = _kind(located, masthead)
    return Frame(masthead, kind, (*findings, *about_kind))


def _kind(located: Located, masthead: Masthead | None) -> tuple[Kind | None, list[Finding]]:
    written = located.values.get("kind")
    declared = masthead.kind if masthead else None
    if written is None:
        missing = located.finding(
            ("kind",), "is missing", "write kind: team-update or kind: daily-brief", rule="missing-field"
        )
        return declared, [missing] if masthead and not declared else []
    try:
        kind = Kind(written)
    except ValueError:
        near = nearest(written, Kind) if isinstance(written, str) else None
        fix = f"did you mean {near}?" if near else "choose one of them"
        return declared, [located.finding(("kind",), "must be 'team-update' or 'daily-brief'", fix, rule="enum")]
    if declared and masthead and kind is not declared:
        message = f"{masthead.name} is a {declared}"
        return kind, [located.finding(("kind",), message, "delete the line, or name another newsletter", rule="kind")]
    return kind, []


def finish(located: Located, frame: Frame, *, path: str, found: Iterable[Finding] = ()) -> Reading:
    """
    The issue, once the values of the whole file are there.

    :raises IssueError: with everything that is wrong at once, `found` by the file's form included
    """
    said = [*found, *frame.findings]
    values, about_values = _completed(located, frame, path)
    said += about_values
    issue: AnyIssue | None = None
    try:
        issue = MODELS[frame.kind or _likely_kind(values)].model_validate(values)
    except ValidationError as caught:
        model = MODELS[frame.kind or _likely_kind(values)]
        said += complaints(caught, model, replace(located, values=values))
    if issue is None or any(finding.severity is Severity.ERROR for finding in said):
        raise IssueError(*in_order(said, path))
    return Reading(issue, path, tuple(in_order([*located.warnings, *said], path)), located)


def in_order(findings: Iterable[Finding], path: str) -> list[Finding]:
    """By place, each once, and not more than a person reads."""
    placed = dict.fromkeys(finding.at(path) for finding in findings)
    ordered = sorted(placed, key=lambda finding: (finding.line or 1 << 30, finding.column or 0))
    rest = len(ordered) - COMPLAINT_LIMIT
    if rest <= 1:
        return ordered
    return [*ordered[:COMPLAINT_LIMIT], Finding(message=f"and {rest:,} more like these", path=path, rule="more")]


def _completed(located: Located, frame: Frame, path: str) -> tuple[dict[str, Any], list[Finding]]:
    """
    The file's values with what the newsletter says where they are silent.

    Where something was said already, a neutral value keeps it from being said twice.
    """
    kind = frame.kind or _likely_kind(located.values)
    written = {name: value for name, value in located.values.items() if value is not None}
    defaults = _defaults(frame.masthead, kind, written.get("language"))
    values: dict[str, Any] = located.values | {"language": "en"} | defaults | written
    findings: list[Finding] = []
    values["kind"] = kind
    if any(finding.rule == "unknown-newsletter" for finding in frame.findings):
        values["newsletter"] = "unknown"
    if values.get("slug") is None:
        values["slug"], findings = _slug(located, path)
    if isinstance(values.get("contact"), str):
        values["contact"], about_contact = _contact(values["contact"], located, frame.masthead)
        findings += about_contact
    return values, findings


def _defaults(masthead: Masthead | None, kind: Kind, language: str | None) -> dict[str, Any]:
    found = masthead.defaults(language) if masthead else {}
    return {name: value for name, value in found.items() if name in MODELS[kind].model_fields}


def _likely_kind(values: Mapping[str, Any]) -> Kind:
    """For complaints about an issue that does not say its kind."""
    sections = values.get("sections")
    is_brief = isinstance(sections, list) and any(isinstance(part, dict) and "stories" in part for part in sections)
    return Kind.DAILY_BRIEF if is_brief or "stories" in values else Kind.TEAM_UPDATE


def _slug(located: Located, path: str) -> tuple[str, list[Finding]]:
    stem = PurePath(path).stem
    words = "-".join("".join(mark if mark.isascii() and mark.isalnum() else " " for mark in stem).split())[:120]
    if words == stem:
        return stem, []
    name = words or "a-name-like-this"
    message = f"the file name '{shown(stem)}' cannot be the slug"
    fix = f"rename the file with letters, digits and hyphens, or write slug: {shown(name)}"
    return "unknown", [located.finding(("slug",), message, fix, rule="slug")]


def _contact(name: str, located: Located, masthead: Masthead | None) -> tuple[Any, list[Finding]]:
    if masthead is None:
        return None, []
    if name in masthead.contacts:
        return masthead.contacts[name], []
    message, fix = unknown_contact(shown(name), masthead)
    return None, [located.finding(("contact",), message, fix, rule="unknown-contact")]
