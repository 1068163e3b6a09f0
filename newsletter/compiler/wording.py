"""What the compiler says where the author said nothing: dates in words, greeting, preheader."""

import re
from collections.abc import Mapping

from newsletter.issue import AnyIssue, TeamUpdate
from newsletter.prose import prose_plain

_NAME = re.compile(r"\{\{\s*name\s*\}\}")
_NOT_AN_END = r"(?<!\b[A-Z]\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bNo\.)(?<!\bMrs\.)(?<!\be\.g\.)(?<!\bi\.e\.)"
_SENTENCE_END = re.compile(rf"(?<=[.!?]){_NOT_AN_END}[”’)\"]?\s+|(?<=[。！？])[”’」』）]?")
#: longer previews are cut off by every mail program
_PREVIEW = 200


def labelled(issue: AnyIssue) -> str:
    """The subject with what law wants in front of it (`<ADV> `, `广告`), once."""
    label = issue.subject_label
    if not label or issue.subject.startswith(label):
        return issue.subject
    return f"{label} {issue.subject}"


def default_preheader(issue: AnyIssue, labels: Mapping[str, str]) -> str:
    """The first sentence of a team update; for a brief, what the theme says."""
    if not isinstance(issue, TeamUpdate):
        return labels["preheader"]
    said = prose_plain(issue.intro)
    end = _SENTENCE_END.search(said)
    sentence = said[: end.end()].strip() if end else said
    return sentence if len(sentence) <= _PREVIEW else f"{sentence[: _PREVIEW - 1].rstrip()}…"


def greetings(greeting: str | None, labels: Mapping[str, str]) -> tuple[str, str]:
    """For a reader whose name is known, with `{{ name }}` spelt in one way; and for one without a name."""
    if greeting is not None and not _NAME.search(greeting):
        return greeting, greeting
    return _NAME.sub("{{ name }}", greeting or labels["greeting"]), labels["greeting_without_name"]
