"""
Read YAML strictly: every scalar is text, every value has its place, and what makes YAML dangerous is refused.

Refused are aliases and merge keys (a bomb of ten lines never ends in an ordinary loader), duplicate keys (they
pass silently elsewhere), keys that are not text, more than one document, tags, depth over 40 and over 50,000 values.
JSON is YAML.
"""

import re
from dataclasses import replace
from typing import Any

import yaml

from newsletter.errors import Finding, NewsletterError, Severity
from newsletter.fields import shown
from newsletter.located import Located, Path, Place

DEPTH_LIMIT = 40
SIZE_LIMIT = 1 << 20
VALUE_LIMIT = 50_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: what YAML refuses, wherever it stands
_UNREADABLE = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: YAML begins a new line at these, and no editor does; the places would be wrong
_ODD_BREAKS = re.compile("[\x85\u2028\u2029]")
#: a longer line is not printed again to show how it should be
_LONGEST_SHOWN = 200
#: no space behind the mark: meant as text, `#1`
_COMMENT = re.compile(r"\s+#(?=\S)")
_NOTHING = frozenset({"", "~", "null"})


class _RefusedError(Exception):
    def __init__(self, mark: Any, message: str, fix: str) -> None:
        super().__init__(message)
        self.finding = Finding(message=message, fix=fix, line=mark.line + 1, column=mark.column + 1, rule="yaml")


def read_yaml(text: str, *, path: str, error: type[NewsletterError], first_line: int = 1) -> Located:
    """
    The mapping that the text holds, with places. `first_line` is the line of the file on which the text begins.

    :raises NewsletterError: of the given class, with line and column
    """
    text = _ODD_BREAKS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    try:
        tree = _Tree(text, first_line)
    except _RefusedError as refused:
        raise error(_moved(refused.finding, first_line).at(path)) from refused
    except yaml.MarkedYAMLError as caught:
        raise error(_moved(_syntax(caught, text), first_line).at(path)) from caught
    if not isinstance(tree.root, dict):
        message, fix = "holds no fields", "write lines as 'name: value'"
        raise error(Finding(message=message, fix=fix, path=path, line=first_line, column=1, rule="yaml"))
    return Located(tree.root, tree.places, [_moved(finding, first_line).at(path) for finding in tree.warnings])


def _moved(finding: Finding, first_line: int) -> Finding:
    return replace(finding, line=(finding.line or 1) + first_line - 1)


class _Tree:
    """Plain values built from the parser's events: nothing is constructed, so nothing can be made to explode."""

    def __init__(self, text: str, first_line: int) -> None:
        self.lines = text.split("\n")
        self.first_line = first_line
        self.places: dict[Path, Place] = {}
        self.warnings: list[Finding] = []
        self.count = 0
        self.root: Any = None
        self._refuse_unreadable(text)
        self.events = iter(yaml.parse(text, Loader=_Loader))
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _RefusedError(event.start_mark, "holds a second document", "keep one; delete the line '---'")
            elif isinstance(event, yaml.NodeEvent):
                self.root = self._value(event, ())

    def _refuse_unreadable(self, text: str) -> None:
        found = _UNREADABLE.search(text)
        if found:
            line_start = text.rfind("\n", 0, found.start()) + 1
            mark = yaml.Mark("", 0, text.count("\n", 0, line_start), found.start() - line_start, None, 0)
            raise _RefusedError(mark, f"holds the invisible character U+{ord(found[0]):04X}", "delete it")

    def _value(self, event: Any, path: Path) -> Any:
        self._refuse(event, path)
        self.places.setdefault(path, self._place(event))
        if isinstance(event, yaml.ScalarEvent):
            return self._text(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return self._mapping(path)

    def _text(self, event: Any) -> str | None:
        text: str = event.value
        if event.style:
            return text
        self._warn_of_comment(event.end_mark)
        return None if text in _NOTHING else text

    def _list(self, path: Path) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self._value(event, (*path, len(found))))
        return found

    def _mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(key := next(self.events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent) or key.value == "<<":
                raise _RefusedError(key.start_mark, "this key is not plain text", "write 'name: value'")
            if key.value in found:
                raise _RefusedError(
                    key.start_mark, f"{shown(key.value)}: stands here a second time", "keep one of the two"
                )
            self._refuse(key, path)
            self.places[(*path, key.value)] = self._place(key)
            found[key.value] = self._value(next(self.events), (*path, key.value))
        return found

    def _place(self, event: Any) -> Place:
        return Place(event.start_mark.line + self.first_line, event.start_mark.column + 1)

    def _warn_of_comment(self, end: Any) -> None:
        """Where ` #` makes a comment out of what looks like text."""
        line = self.lines[end.line] if end.line < len(self.lines) else ""
        comment = _COMMENT.match(line, end.column)
        if comment:
            quoted = _quoted(line)
            self.warnings.append(
                Finding(
                    message="what follows ' #' is taken for a comment",
                    fix=f"if it belongs to the text, quote the value: {quoted or 'in double quotes'}",
                    line=end.line + 1,
                    column=comment.end(),
                    rule="yaml-comment",
                    severity=Severity.WARNING,
                )
            )

    def _refuse(self, event: Any, path: Path) -> None:
        self.count += 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _RefusedError(
                event.start_mark, "'&' and '*' names are not allowed", "write the value out, or quote it"
            )
        if getattr(event, "tag", None) not in (None, "!"):
            raise _RefusedError(event.start_mark, "'!' tags are not allowed", "quote the value")
        if len(path) > DEPTH_LIMIT:
            raise _RefusedError(event.start_mark, f"is nested deeper than {DEPTH_LIMIT} levels", "flatten it")
        if self.count > VALUE_LIMIT:
            raise _RefusedError(event.start_mark, f"holds more than {VALUE_LIMIT:,} values", "split the file")


def _syntax(caught: yaml.MarkedYAMLError, text: str) -> Finding:
    """What the parser stumbled on, in words that say what to do."""
    problem = caught.problem or "unreadable"
    is_open_quote = "quoted scalar" in (caught.context or "") and "end of stream" in problem
    mark = (caught.context_mark if is_open_quote else caught.problem_mark) or caught.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.split("\n")
    if line > len(lines):  # the parser adds a line end of its own
        line, column = len(lines), len(lines[-1]) + 1
    written = lines[line - 1]
    fix = f"quote the value: {quoted}" if (quoted := _quoted(written)) else ""
    if written[: len(written) - len(written.lstrip())].count("\t"):
        message, fix = "a tab stands where YAML wants spaces", "indent with spaces"
    elif is_open_quote:
        message, fix = "this quote is never closed", "close it at the end of the text"
    elif "mapping values are not allowed" in problem:
        message, fix = "a second colon ends the text here", fix or "quote the text that holds it"
    else:
        message, fix = f"is not YAML here ({problem})", fix or "check quotes, colons and indentation of this line"
    return Finding(message=message, fix=fix, line=line, column=column, rule="yaml")


def _quoted(line: str) -> str | None:
    """The line as it should be, its value in double quotes."""
    key, colon, value = line.strip().partition(": ")
    value = value.strip()
    if not colon and key.startswith("- "):
        key, value = "-", key[2:].strip()
    is_block = value[:1] in ("|", ">") or (value[:1] in ("[", "{") and not value.startswith("{{"))
    if not value or is_block or len(line) > _LONGEST_SHOWN or key[:1] in ("#", '"', "'"):
        return None
    if len(value) > 1 and value[0] == value[-1] == "'":
        value = value[1:-1].replace("''", "'")
    value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{key}: "{value}"' if colon else f'{key} "{value}"'
