"""Jinja, fenced in: it reads nothing but the template folder and sees nothing but plain values."""

import re
import traceback
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from jinja2 import FunctionLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2 import TemplateError as JinjaError
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.errors import Finding, TemplateError
from newsletter.plaintext import FILTERS

_FIX = "correct the template"
#: a product or a repetition in a template may be so large: a number, or characters
_LARGEST = 1_000_000
#: what would make two builds of the same file differ
_BY_CHANCE = "random"
_MARK = re.compile("\x1e(\\d+)\x1f")
#: everything that a template can bring about, a nesting too deep for Python's own compiler included
_FAULTS = (JinjaError, ArithmeticError, AttributeError, LookupError, RuntimeError, SyntaxError, TypeError, ValueError)


class _Sandbox(ImmutableSandboxedEnvironment):
    """A template lays text out; nothing in it calculates, and nothing grows without bound."""

    intercepted_binops = frozenset({"**", "*", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        is_number = all(isinstance(side, int | float) for side in (left, right))
        if operator == "**" or not is_number or (operator == "*" and abs(left * right) > _LARGEST):
            raise SecurityError(f"the operator {operator} cannot be used like this in a template")
        return super().call_binop(context, operator, left, right)


def pour(files: Mapping[str, str], path: str, content: Mapping[str, Any]) -> str:
    """
    The template filled in. What goes into MJML is escaped; text is not.

    :raises TemplateError: with the line of the template
    """
    try:
        return _jinja(tuple(files.items()), path.endswith(".mjml")).get_template(path).render(content)
    except _FAULTS as error:
        raise TemplateError(_complaint(error, files, path)) from error


def place_of(offset: int, files: Mapping[str, str], path: str, content: Mapping[str, Any]) -> "Source":
    """
    The template and the line that a character of the filled-in MJML comes from, through every include.

    The template is filled in once more, each line of its own text with a mark before it.
    """
    try:
        marked = _jinja(tuple(files.items()), True, _Marking).get_template(path).render(content)
    except _FAULTS:  # it does something with its own text that the marks disturb
        return Source(path, 1)
    starts, places, length = [0], [Source(path, 1)], 0
    for number, text in enumerate(_MARK.split(marked)):
        if number % 2:
            starts.append(length)
            places.append(_Marking.places[int(text)])
        else:
            length += len(text)
    return places[bisect_right(starts, offset) - 1]


@dataclass(frozen=True, slots=True)
class Source:
    path: str
    line: int


class _Marking(Extension):
    """Puts a mark before each line of a template's text; the mark's number names template and line."""

    places: ClassVar[list[Source]] = []

    def filter_stream(self, stream: TokenStream) -> TokenStream:
        return TokenStream((self._marked(token, stream.name or "") for token in stream), stream.name, stream.filename)

    def _marked(self, token: Token, name: str) -> Token:
        if token.type != "data":
            return token
        lines = token.value.split("\n")
        text = "\n".join(f"{self._mark(name, number)}{line}" for number, line in enumerate(lines, start=token.lineno))
        return Token(token.lineno, token.type, text)

    def _mark(self, name: str, line: int) -> str:
        self.places.append(Source(name, line))
        return f"\x1e{len(self.places) - 1}\x1f"


@lru_cache(maxsize=8)
def _jinja(files: tuple[tuple[str, str], ...], is_markup: bool, *extensions: type[Extension]) -> _Sandbox:
    """Kept for as long as the texts stay the same: parsing them takes longer than all the rest."""
    texts = dict(files)
    jinja = _Sandbox(
        loader=FunctionLoader(lambda name: (texts[name], name, None) if name in texts else None),
        autoescape=is_markup,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        extensions=extensions,
    )
    jinja.filters.update(FILTERS)
    del jinja.filters[_BY_CHANCE], jinja.globals["lipsum"]
    return jinja


def _complaint(error: Exception, files: Mapping[str, str], path: str) -> Finding:
    place = _place(error, files, path)
    if isinstance(error, TemplateNotFound):
        is_inside = error.name in files or not (".." in str(error.name) or str(error.name).startswith("/"))
        what = "is not there" if is_inside else "lies outside of the template folder"
        return _finding(
            f"includes {str(error.name)[:80]}, which {what}", "include a file of its folder or of partials", place
        )
    if isinstance(error, RecursionError):
        return _finding("nests too deep, or includes itself", "nest less deep", place)
    return _finding(str(error).split("\n")[0][:200].rstrip(".") or type(error).__name__, _FIX, place)


def _finding(message: str, fix: str, place: Source | tuple[str, None]) -> Finding:
    path, line = (place.path, place.line) if isinstance(place, Source) else place
    return Finding(message=message, fix=fix, path=path, line=line, rule="template")


def _place(error: Exception, files: Mapping[str, str], path: str) -> Source | tuple[str, None]:
    if isinstance(error, TemplateSyntaxError):
        return Source(error.name or path, error.lineno)
    # Jinja rewrites the trace so that it names templates and their lines
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    return Source(frames[-1].filename, frames[-1].lineno or 1) if frames else (path, None)
