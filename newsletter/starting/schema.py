"""
What an editor is told about issue files: a JSON Schema made from the models, for hover, completion and first checks.

Draft 7, because the YAML language server reads nothing newer. What a schema cannot say (which newsletters and contacts
there are, ids that stand twice, days that no calendar has), `newsletter check` says.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from newsletter.issue import MODELS, Kind
from newsletter.starting.hints import HINTS, TITLES

#: in a workspace; issue files name the schemas in there by a relative path
SCHEMA_FOLDER = ".newsletter"
_DIALECT = "http://json-schema.org/draft-07/schema#"
#: what the reader fills in where a file is silent
_FILLED_IN = ("slug", "language", "kind")
#: what stands below the front matter of a Markdown file
_OF_THE_BODY = ("intro", "sections")


def schema_of(kind: Kind | None = None, *, front_matter: bool = False) -> dict[str, Any]:
    """The schema of an issue file in YAML or JSON, or of a Markdown file's front matter; without a kind, of any."""
    if kind is not None:
        return {"$schema": _DIALECT, **_of_kind(kind, front_matter)}
    found = [_of_kind(one, front_matter) for one in MODELS]
    parts = {name: part for schema in found for name, part in schema.pop("$defs").items()}
    parts |= {model.__name__: schema for model, schema in zip(MODELS.values(), found, strict=True)}
    either = [{"$ref": f"#/$defs/{model.__name__}"} for model in MODELS.values()]
    return {"$schema": _DIALECT, "title": TITLES["Issue"], "anyOf": either, "$defs": parts}


def schema_text(kind: Kind | None = None, *, front_matter: bool = False) -> str:
    return json.dumps(schema_of(kind, front_matter=front_matter), ensure_ascii=False, indent=2) + "\n"


def schema_name(kind: Kind | None = None, *, front_matter: bool = False) -> str:
    """The name of its file, here and in a workspace."""
    return f"{kind or 'issue'}{'.front-matter' if front_matter else ''}.schema.json"


def workspace_schemas() -> dict[str, str]:
    """The schemas that a workspace holds, by path below it."""
    kinds = [(kind, front_matter) for kind in Kind for front_matter in (False, True)]
    return {
        f"{SCHEMA_FOLDER}/{schema_name(kind, front_matter=front)}": schema_text(kind, front_matter=front)
        for kind, front in kinds
    }


def schema_line(kind: Kind, folder: Path) -> str:
    """The comment by which a Markdown file in that folder names its schema in the workspace that we stand in."""
    there = os.path.relpath(Path(SCHEMA_FOLDER) / schema_name(kind, front_matter=True), folder)
    return f"# yaml-language-server: $schema={Path(there).as_posix()}"


def _of_kind(kind: Kind, front_matter: bool) -> dict[str, Any]:
    model = MODELS[kind]
    schema = model.model_json_schema()
    fields = schema["properties"]
    unwritten = _OF_THE_BODY if front_matter else ()
    for name in unwritten:
        fields.pop(name, None)
    schema["required"] = [name for name in schema["required"] if name not in (*_FILLED_IN, *unwritten)]
    fields["contact"]["anyOf"].insert(0, {"type": "string", "minLength": 1})
    fields["kind"] = {"enum": [str(kind), None]}
    for name in ("slug", "language"):
        fields[name] = {"anyOf": [fields[name], {"type": "null"}]}
    if "min_stories" in fields:
        number = fields["min_stories"]
        fields["min_stories"] = {
            "anyOf": [number, {"type": "string", "pattern": "^[1-9][0-9]?$"}],
            "default": number.pop("default"),
        }
    schema["$defs"] = _used(schema)
    for name, part in {model.__name__: schema, **schema["$defs"]}.items():
        _explain(name, part)
    return schema


def _used(schema: dict[str, Any]) -> dict[str, Any]:
    """The parts that are still asked for, directly or by another part."""
    parts: dict[str, Any] = schema["$defs"]
    wanted, found = [*_refs(schema["properties"])], dict[str, Any]()
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = parts[name]
            wanted += _refs(parts[name])
    return {name: parts[name] for name in sorted(found)}


def _refs(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].removeprefix("#/$defs/")
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _refs(inner)


def _explain(name: str, part: dict[str, Any]) -> None:
    """Titles and texts for people in place of the models' own, which are for those who read the code."""
    part["title"] = TITLES.get(name, name)
    part.pop("description", None)
    for field, schema in part.get("properties", {}).items():
        hint = HINTS.get(f"{name}.{field}") or HINTS.get(field)
        schema.pop("title", None)
        if schema.get("default") in (None, []):
            schema.pop("default", None)  # an editor would write it into the file
        if hint:
            schema["description"] = hint.says
            schema |= {"examples": list(hint.examples)} if hint.examples else {}
