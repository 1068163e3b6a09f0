"""Jinja, fenced in: it reads nothing but the template folder and sees nothing but plain values."""

import traceback
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.errors import Finding, TemplateError
from newsletter.plaintext import FILTERS
from newsletter.workspace import shipped

_READ = frozenset({".mjml", ".txt", ".yaml"})
_NEEDED = ("layout.mjml", "text.txt")


def read_templates(root: Path, folder: str) -> dict[str, str]:
    """
    The texts of the folder and of `partials`, by path below the root.

    :raises TemplateError: the folder or one of its files is missing, or leads out of the root
    """
    files = {name: text for part in (folder, "partials") for name, text in _texts(_home(root, part), part)}
    missing = [f"{folder}/{name}" for name in _NEEDED if f"{folder}/{name}" not in files]
    if missing:
        raise TemplateError(*(Finding(message="is missing", fix="add it", path=path) for path in missing))
    return files


def _home(root: Path, part: str) -> Path:
    """A workspace may hold some templates of its own and leave the rest to the shipped ones."""
    for home in (root, shipped("templates")):
        if (home / part).is_dir():
            return home
    raise TemplateError(
        Finding(message="there is no such template folder", fix="make it, or correct template:", path=part)
    )


def _texts(root: Path, part: str) -> list[tuple[str, str]]:
    found = sorted(path for path in (root / part).glob("*") if path.suffix in _READ)
    return [(f"{part}/{path.name}", _text(path, root, f"{part}/{path.name}")) for path in found]


def _text(path: Path, root: Path, name: str) -> str:
    if not path.resolve().is_relative_to(root.resolve()):
        raise TemplateError(Finding(message="leads out of the template folder", fix="copy the file there", path=name))
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(Finding(message="cannot be read", fix="save it as UTF-8 text", path=name)) from error


def pour(files: Mapping[str, str], path: str, content: Mapping[str, Any]) -> str:
    """
    The template filled in. What goes into MJML is escaped; text is not.

    :raises TemplateError: with the line of the template
    """
    jinja = _jinja(tuple(files.items()), path.endswith(".mjml"))
    try:
        return jinja.get_template(path).render(content)
    except (JinjaError, ArithmeticError, TypeError, ValueError, LookupError) as error:
        raise TemplateError(_complaint(error, files, path)) from error


@lru_cache(maxsize=8)
def _jinja(files: tuple[tuple[str, str], ...], is_markup: bool) -> ImmutableSandboxedEnvironment:
    """Kept for as long as the texts stay the same: parsing them takes longer than all the rest."""
    texts = dict(files)
    jinja = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(lambda name: (texts[name], name, None) if name in texts else None),
        autoescape=is_markup,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    jinja.filters.update(FILTERS)
    return jinja


def _complaint(error: Exception, files: Mapping[str, str], path: str) -> Finding:
    if isinstance(error, TemplateNotFound):
        return Finding(message=f"includes {error.name}, which is not there", fix="add it to the folder", path=path)
    if isinstance(error, TemplateSyntaxError):
        return Finding(
            message=f"{error.message}", fix="correct the template", path=error.name or path, line=error.lineno
        )
    # Jinja rewrites the trace so that it names templates and their lines
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    place = (frames[-1].filename, frames[-1].lineno) if frames else (path, None)
    message = str(error) or type(error).__name__
    return Finding(message=message, fix="correct the template", path=place[0], line=place[1])
