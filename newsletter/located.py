"""Values from a file together with the place where each stands, so that a complaint can name line and column."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from newsletter.errors import Finding, InputError, Severity

Key = str | int
Path = tuple[Key, ...]
Model = TypeVar("Model", bound=BaseModel)


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
        name += f"[{key + 1}]" if isinstance(key, int) else f".{key}" if name else str(key)
    return name


def validate(model: type[Model], located: Located, error: type[InputError], *, path: str, prefix: Path = ()) -> Model:
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
    """What pydantic found, as findings with places, in the order of the file."""
    findings = [_complaint(details, model, located, prefix) for details in caught.errors(include_url=False)]
    return sorted(dict.fromkeys(findings), key=lambda finding: (finding.line or 0, finding.column or 0))


def _complaint(details: ErrorDetails, model: type[BaseModel], located: Located, prefix: Path) -> Finding:
    path = prefix + tuple(_written_keys(details["loc"], located, prefix))
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(details["loc"][-1]), _names(model, details["loc"][:-1]), n=1)
        fix = f"did you mean {near[0]}?" if near else "delete it, or see the list of fields in docs/issue-file.md"
        return located.finding(path, "there is no such field", fix, rule="unknown-field")
    if kind == "missing":
        return located.finding(path, "is missing", "add it", rule="missing-field")
    message, fix = _PLAIN.get(kind, (details["msg"], ""))
    return located.finding(
        path,
        message.format_map(_Context(context)),
        str(context.get("fix", fix.format_map(_Context(context)))),
        rule=kind,
    )


class _Context(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


#: pydantic's words for what people do most often, in ours
_PLAIN: dict[str, tuple[str, str]] = {
    "string_type": ("is not text", "write it as text"),
    "string_too_short": ("is empty", "write something, or delete the field"),
    "string_too_long": ("is longer than {max_length} characters", "shorten it"),
    "tuple_type": ("is not a list", "write one entry per line, each after '- '"),
    "too_short": ("is empty", "add at least one"),
    "model_type": ("does not hold fields", "write them below it, indented, as 'name: value'"),
    "model_attributes_type": ("does not hold fields", "write them below it, indented, as 'name: value'"),
    "dict_type": ("does not hold fields", "write them below it, indented, as 'name: value'"),
    "literal_error": ("must be {expected}", "choose one of them"),
    "enum": ("must be {expected}", "choose one of them"),
    "int_parsing": ("is not a whole number", "write it in digits"),
    "greater_than_equal": ("is below {ge}", "raise it"),
    "less_than_equal": ("is above {le}", "lower it"),
}


def _written_keys(loc: tuple[Key, ...], located: Located, prefix: Path) -> Iterator[Key]:
    """Pydantic names the branches of a union in its locations; only what stands in the file counts."""
    values: Any = located.values
    for key in prefix:
        values = values[key]
    for number, key in enumerate(loc):
        is_last = number == len(loc) - 1
        if isinstance(values, Mapping) and (key in values or is_last):
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
