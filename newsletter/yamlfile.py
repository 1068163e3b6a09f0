"""
Read YAML strictly: every scalar is text, every value has its place, and what makes YAML dangerous is refused.

Refused are aliases and merge keys (a bomb of ten lines never ends in an ordinary loader), duplicate keys (they
pass silently elsewhere), keys that are not text, more than one document, tags, and depth over 40. JSON is YAML.
"""

import re
from typing import Any

import yaml

from newsletter.errors import Finding, InputError, Severity
from newsletter.located import Located, Path, Place

DEPTH_LIMIT = 40
SIZE_LIMIT = 1 << 20

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_VALUE = re.compile(r"^(?P<key>\s*(?:- +)*[^\s:#'\"][^:#]*:|\s*(?:- +)+)\s+(?P<value>[^'\"\[{|>&*!\s].*?)\s*$")


class _RefusedError(Exception):
    def __init__(self, mark: Any, message: str, fix: str) -> None:
        super().__init__(message)
        self.finding = Finding(message=message, fix=fix, line=mark.line + 1, column=mark.column + 1, rule="yaml")


def read_yaml(text: str, *, path: str, error: type[InputError], first_line: int = 1) -> Located:
    """
    The mapping that the text holds, with places. `first_line` is the line of the file on which the text begins.

    :raises InputError: of the given class, with line and column
    """
    try:
        tree = _Tree(text, first_line)
    except _RefusedError as refused:
        raise error(_moved(refused.finding, first_line).at(path)) from refused
    except yaml.MarkedYAMLError as caught:
        raise error(_moved(_syntax(caught, text), first_line).at(path)) from caught
    except yaml.YAMLError as caught:
        raise error(Finding(message="is not YAML", fix="save it as UTF-8 text", path=path, rule="yaml")) from caught
    if not isinstance(tree.root, dict):
        raise error(
            Finding(message="holds no fields", fix="write lines as 'name: value'", path=path, line=first_line, column=1)
        )
    located = Located(tree.root, tree.places)
    located.warnings = [_moved(finding, first_line).at(path) for finding in _swallowed(text)]
    return located


def _moved(finding: Finding, first_line: int) -> Finding:
    from dataclasses import replace

    return replace(finding, line=(finding.line or 1) + first_line - 1)


class _Tree:
    """Plain values built from the parser's events: nothing is constructed, so nothing can be made to explode."""

    def __init__(self, text: str, first_line: int) -> None:
        self.first_line = first_line
        self.places: dict[Path, Place] = {}
        self.events = iter(yaml.parse(text, Loader=_Loader))
        self.root: Any = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _RefusedError(event.start_mark, "holds a second document", "keep one; delete the line '---'")
            elif isinstance(event, yaml.NodeEvent):
                self.root = self._value(event, ())

    def _value(self, event: Any, path: Path) -> Any:
        self._refuse(event, path)
        self.places.setdefault(path, self._place(event))
        if isinstance(event, yaml.ScalarEvent):
            return None if event.value == "" and event.style is None else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return self._mapping(path)

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
                raise _RefusedError(key.start_mark, f"{key.value}: stands here a second time", "keep one of the two")
            self._refuse(key, path)
            self.places[(*path, key.value)] = self._place(key)
            found[key.value] = self._value(next(self.events), (*path, key.value))
        return found

    def _place(self, event: Any) -> Place:
        return Place(event.start_mark.line + self.first_line, event.start_mark.column + 1)

    def _refuse(self, event: Any, path: Path) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _RefusedError(
                event.start_mark, "'&' and '*' names are not allowed", "write the value out, or quote it"
            )
        if getattr(event, "tag", None) not in (None, "!"):
            raise _RefusedError(event.start_mark, "'!' tags are not allowed", "quote the value")
        if len(path) > DEPTH_LIMIT:
            raise _RefusedError(event.start_mark, f"is nested deeper than {DEPTH_LIMIT} levels", "flatten it")


def _syntax(caught: yaml.MarkedYAMLError, text: str) -> Finding:
    """What the parser stumbled on, in words that say what to do."""
    mark = caught.problem_mark or caught.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.split("\n")
    written = lines[line - 1] if line <= len(lines) else ""
    problem = caught.problem or "is not YAML"
    if "\t" in written[: len(written) - len(written.lstrip())] or "'\\t'" in problem:
        message, fix = "a tab stands where YAML wants spaces", "indent with spaces"
    elif "mapping values are not allowed" in problem and (quoted := _quoted(written)):
        message, fix = "the second colon ends the text here", f"quote the value: {quoted}"
    else:
        message, fix = f"is not YAML here ({problem})", "check quotes, colons and indentation of this line"
    return Finding(message=message, fix=fix, line=line, column=column, rule="yaml")


def _quoted(line: str) -> str | None:
    """The line as it should be, its value in double quotes."""
    found = _PLAIN_VALUE.match(line)
    if not found:
        return None
    value = found["value"].replace("\\", "\\\\").replace('"', '\\"')
    return f'{found["key"].strip()} "{value}"'


def _swallowed(text: str) -> list[Finding]:
    """Lines in which ` #` makes a comment out of what looks like text."""
    findings = []
    for number, line in enumerate(text.split("\n"), start=1):
        found = _PLAIN_VALUE.match(line)
        hash_at = line.find(" #", found.start("value")) if found else -1
        if hash_at >= 0 and line[hash_at + 2 : hash_at + 3].strip():
            fix = f"if it belongs to the text, quote the value: {_quoted(line)}"
            message = "what follows ' #' is taken for a comment"
            findings.append(
                Finding(
                    message=message,
                    fix=fix,
                    line=number,
                    column=hash_at + 2,
                    rule="yaml-comment",
                    severity=Severity.WARNING,
                )
            )
    return findings
