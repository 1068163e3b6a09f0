"""Write an issue as people would: front matter, then the body, so that reading it back gives the same issue."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from newsletter.importing.stories import closed_heading, story_lines, text_lines
from newsletter.issue import AnyIssue, DailyBrief
from newsletter.reader.points import split_point
from newsletter.reader.rows import Mark, joined, prose, read_rows
from newsletter.reader.update import read_update

Fields = Mapping[str, Any]

_FRONT = (
    *("newsletter", "kind", "date", "slug", "language", "subject", "preheader", "stories", "min_stories", "tags"),
    *("sender", "reply_to", "subject_label", "embargo", "correction", "team", "lead_author", "contact", "greeting"),
)
_ENDING = ("closing", "sign_off", "signature")
#: what YAML reads as the text it is, on one line and without quotes
_PLAIN = re.compile(r"[^\W_][^\"'\\]*")
_NOT_PLAIN = re.compile(r": |:$| #|[\x00-\x1f\x7f-\x9f\u2028\u2029]|^\s|\s$")
_NOT_IN_A_LIST = re.compile(r"[,\[\]{}]")
_WORDS_OF_YAML = frozenset({"null", "true", "false", "yes", "no", "on", "off"})


def fields_of(issue: AnyIssue) -> dict[str, Any]:
    """The fields of an issue as a file would hold them; a story's id only when its headline does not give it."""
    fields = {"kind": str(issue.kind), **issue.model_dump(mode="json", exclude_none=True, exclude_defaults=True)}
    if isinstance(issue, DailyBrief):
        for section in fields["sections"]:
            for story in section["stories"]:
                story.pop("id", None)
        made = DailyBrief.model_validate(fields).all_stories
        stories = [story for section in fields["sections"] for story in section["stories"]]
        for story, found, given in zip(stories, made, issue.all_stories, strict=True):
            if found.id != given.id:
                story["id"] = given.id
    return fields


def write_issue(fields: Fields, *, notes: Sequence[str] = ()) -> str:
    """
    The Markdown form. Fields are those of docs/issue-file.md; what is absent or None is left out.

    A point may be its words as they stand, or a mapping of lead and text. `notes` become comments of the front matter.
    """
    ending = {name: str(fields[name]) for name in _ENDING if fields.get(name)}
    is_brief = any("stories" in section for section in fields.get("sections") or ())
    body = _brief_body(fields) if is_brief else _update_body(fields)
    last = [] if is_brief else _ending_lines(ending)
    if not last or not _parts(body + last, ending):
        last = []
    front = {name: fields[name] for name in _FRONT if fields.get(name) is not None}
    front |= {} if last else ending
    lines = ["---", *(f"# {note}" for note in notes), *_front_lines(front), "---", *body, *last]
    return "\n".join(lines).rstrip("\n") + "\n"


def _front_lines(front: Fields) -> Iterable[str]:
    for name, value in front.items():
        if isinstance(value, Mapping):
            yield f"{name}:"
            yield from (f"  {key}: {scalar(str(inner))}" for key, inner in value.items() if inner)
        elif isinstance(value, str) and "\n" in value.strip():
            yield f"{name}: |"
            yield from (f"  {line}".rstrip() for line in value.strip().split("\n"))
        elif isinstance(value, list | tuple):
            if value:
                yield f"{name}: [{', '.join(_listed(str(one)) for one in value)}]"
        else:
            yield f"{name}: {scalar(str(value))}"


def scalar(text: str) -> str:
    """A text as YAML reads it back: as it is where that can be, else in double quotes."""
    is_plain = _PLAIN.fullmatch(text) and not _NOT_PLAIN.search(text) and text.lower() not in _WORDS_OF_YAML
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _listed(text: str) -> str:
    written = scalar(text)
    return json.dumps(text, ensure_ascii=False) if written == text and _NOT_IN_A_LIST.search(text) else written


def _brief_body(fields: Fields) -> list[str]:
    is_chinese = str(fields.get("language", "")).startswith("zh")
    lines: list[str] = []
    for section in fields["sections"]:
        if section.get("heading"):
            lines += [f"## {closed_heading(str(section['heading']))}", ""]
        for story in section["stories"]:
            lines += [*story_lines(story, is_chinese=is_chinese), ""]
    return lines


def _update_body(fields: Fields) -> list[str]:
    lines = text_lines(str(fields.get("intro") or ""), is_numbered_free=True)
    for number, section in enumerate(fields.get("sections") or ()):
        if section.get("heading"):
            lines += [f"## {closed_heading(str(section['heading']))}", ""]
        elif number:
            lines += ["---", ""]
        for point in section["points"]:
            lines += _point_lines(point)
        lines.append("")
    return lines


def _point_lines(point: str | Fields) -> list[str]:
    if isinstance(point, str):
        return _bullet_lines(point)
    lead, text = joined(str(point["lead"]).split("\n")), _one_line_each(str(point.get("text") or ""))
    tries = [_bullet_lines(words) for words in _pointed(lead, text)]
    # a lead is bold as a whole: what is bold within it needs no marks, and would end it
    plain = _bullet_lines(_pointed(lead.replace("**", ""), text)[-1 if not text else 0])
    return next((lines for lines in tries if _point_read(lines) == (lead, text)), plain)


def _one_line_each(text: str) -> str:
    return "\n\n".join(joined(part.split("\n")) for part in re.split(r"\n\s*\n", text))


def _pointed(lead: str, text: str) -> list[str]:
    """Ways to write a point; the first one that is read back as it was meant is taken."""
    if not text:
        return [lead, f"**{lead}**"]
    return [f"**{lead}** {text}", f"**{lead}**{text}", f"{lead} {text}", f"{lead}{text}", f"{lead}\n\n{text}"]


def _bullet_lines(words: str) -> list[str]:
    first, *more = text_lines(words, indent="  ")[:-1]
    mark = "- " if read_rows(f"- {first.strip()}", 1)[0].mark is Mark.BULLET else "- \\"
    return [mark + first.strip(), *more]


def _point_read(lines: Sequence[str]) -> tuple[str, str]:
    first, *more = read_rows("\n".join(lines), 1)
    return split_point(prose([first, *more]))


def _ending_lines(ending: Fields) -> list[str]:
    lines = text_lines(str(ending["closing"])) if "closing" in ending else []
    for name in _ENDING[1:]:
        lines += [str(ending[name]), ""] if name in ending else []
    return lines


def _parts(body: Sequence[str], ending: Fields) -> bool:
    """Whether the reader tells the last words apart as they were meant."""
    spots, findings = read_update(read_rows("\n".join(body), 1))
    found = {name: spots[name].value for name in _ENDING if name in spots}
    return not findings and found == {**ending, **_folded(ending)}


def _folded(ending: Fields) -> dict[str, str]:
    return {"closing": _one_line_each(str(ending["closing"]))} if "closing" in ending else {}
