"""Values from a file together with the place where each stands, so that a complaint can name line and column."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from newsletter.errors import Finding, NewsletterError, Severity
from newsletter.fields import shown

Key = str | int
Path = tuple[Key, ...]
Model = TypeVar("Model", bound=BaseModel)

#: more complaints than this about one file help nobody
COMPLAINT_LIMIT = 100
#: the longest name that is compared with others
_COMPARED_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Both count from 1; the column counts characters."""

    line: int
    column: int = 1


@dataclass(slots=True)
class Located:
    """Plain values (dict, list, str, None), and the place of each by its path of keys and indexes."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    #: found on the way; they do not keep the file from being used
    warnings: list[Finding] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """The place of the nearest thing above that stands in the file."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return Place(1)

    def finding(
        self, path: Path, message: str, fix: str = "", *, rule: str = "field", severity: Severity = Severity.ERROR
    ) -> Finding:
        """A finding about one field, named in front of the message."""
        place = self.place(path)
        name = field_name(path)
        said = f"{name}: {message}" if name else message
        return Finding(message=said, fix=fix, line=place.line, column=place.column, rule=rule, severity=severity)


def field_name(path: Path) -> str:
    """`sections[1].stories[2].url`, counted from 1 as people count."""
    name = ""
    for key in path:
        name += f"[{key + 1}]" if isinstance(key, int) else f".{shown(key)}" if name else shown(key)
    return name


def validate(
    model: type[Model], located: Located, error: type[NewsletterError], *, path: str, prefix: Path = ()
) -> Model:
    """
    The model made of the located values, or every complaint at once.

    `prefix` is where the values stand in the file when they are only part of it.
    """
    values: Any = located.values
    for key in prefix:
        values = values[key]
    try:
        return model.model_validate(values)
    except ValidationError as caught:
        raise error(*(finding.at(path) for finding in complaints(caught, model, located, prefix))) from caught


def complaints(caught: ValidationError, model: type[BaseModel], located: Located, prefix: Path = ()) -> list[Finding]:
    """What pydantic found, as findings with places, in the order of the file; one for each value."""
    found: dict[Path, Finding] = {}
    everything = [details for details in caught.errors(include_url=False) if not _is_echo(details)]
    for details in everything[:COMPLAINT_LIMIT]:
        path = prefix + tuple(_written_keys(details, located, prefix))
        path += tuple(details.get("ctx", {}).get("under", ()))
        found.setdefault(path, _complaint(details, model, located, path))
    findings = sorted(found.values(), key=lambda finding: (finding.line or 0, finding.column or 0))
    return [*findings, *_and_more(len(everything) - COMPLAINT_LIMIT)]


def _is_echo(details: ErrorDetails) -> bool:
    """Pydantic calls a list empty when each of its entries is wrong, and that was said already."""
    return details["type"] == "too_short" and bool(details["input"])


def _and_more(count: int) -> list[Finding]:
    return [Finding(message=f"and {count:,} more like these", rule="more")] if count > 0 else []


def _complaint(details: ErrorDetails, model: type[BaseModel], located: Located, path: Path) -> Finding:
    kind, context = details["type"], _Context(details.get("ctx", {}))
    if kind == "extra_forbidden":
        near = nearest(str(path[-1]), _names(model, details["loc"][:-1]))
        fix = f"did you mean {near}?" if near else "delete it, or see the list of fields in docs/issue-file.md"
        return located.finding(path, "there is no such field", fix, rule="unknown-field")
    if kind == "missing":
        return located.finding(path, "is missing", "add it", rule="missing-field")
    if details["input"] is None and kind not in _ABOUT_FIELDS:
        return located.finding(path, "is empty", "write something, or delete the line", rule="empty-field")
    if kind in _PLAIN:
        message, fix = (words.format_map(context) for words in _PLAIN[kind])
    else:  # holds words of the file, which are nothing to format
        message, fix = details["msg"], str(context["fix"])
    return located.finding(path, message, fix, rule=kind)


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant. Only the beginning counts: the cost grows with the square of the length."""
    near = difflib.get_close_matches(word[:_COMPARED_LIMIT].lower(), list(names), n=1)
    return near[0] if near else None


class _Context(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


_ABOUT_FIELDS = frozenset({"model_type", "model_attributes_type", "dict_type"})
_NO_FIELDS = ("does not hold fields", "write them below it, indented, as 'name: value'")
#: pydantic's words for what people do most often, in ours
_PLAIN: dict[str, tuple[str, str]] = {
    "string_type": ("is not text", "write it on one line, in quotes if it holds a colon"),
    "string_too_short": ("is empty", "write something, or delete the field"),
    "string_too_long": ("is longer than {max_length} characters", "shorten it"),
    "tuple_type": ("is not a list", "write one entry per line, each after '- '"),
    "too_long": ("has more than {max_length} entries", "split the issue"),
    "too_short": ("is empty", "add at least one"),
    **dict.fromkeys(_ABOUT_FIELDS, _NO_FIELDS),
    "literal_error": ("must be {expected}", "choose one of them"),
    "enum": ("must be {expected}", "choose one of them"),
    "int_parsing": ("is not a whole number", "write it in digits"),
    "greater_than_equal": ("is below {ge}", "raise it"),
    "less_than_equal": ("is above {le}", "lower it"),
}


def _written_keys(details: ErrorDetails, located: Located, prefix: Path) -> Iterator[Key]:
    """Pydantic names the branches of a union in its locations; only what stands in the file, or is missing, counts."""
    values: Any = located.values
    for key in prefix:
        values = values[key]
    loc = details["loc"]
    for number, key in enumerate(loc):
        is_missing = details["type"] == "missing" and number == len(loc) - 1
        if isinstance(values, Mapping) and (key in values or is_missing):
            yield key
            values = values.get(str(key))
        elif isinstance(values, list) and isinstance(key, int):
            yield key
            values = values[key] if key < len(values) else None


def _names(model: type[BaseModel], loc: tuple[Key, ...]) -> list[str]:
    """Names of the fields that may stand at a place of the model."""
    for key in loc:
        if isinstance(key, int) or key not in model.model_fields:
            continue
        inner = _model_in(model.model_fields[key].annotation)
        if inner is not None:
            model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None
