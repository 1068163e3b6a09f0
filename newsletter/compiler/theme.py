"""Colours, fonts, logo and labels: `partials/theme.yaml` for the house, `KIND/theme.yaml` for what differs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field

from newsletter.errors import Finding, InputError, TemplateError
from newsletter.fields import Frozen, Line, WebAddress
from newsletter.issue import Language
from newsletter.located import Located, Path, validate
from newsletter.yamlfile import read_yaml

#: six digits, because Outlook does not understand three
Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
#: names without quotation marks, because MJML's compiler spoils quotation marks
FontStack = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ,-]+$")]

HOUSE = "partials/theme.yaml"
#: labels that the program itself needs; the others are between theme and layout
_NEEDED = ("greeting", "greeting_without_name", "preheader")


class Palette(Frozen):
    page: Colour
    sheet: Colour
    ink: Colour
    muted: Colour
    accent: Colour
    rule: Colour
    tint: Colour


class Colours(Frozen):
    light: Palette
    dark: Palette


class Fonts(Frozen):
    text: FontStack
    display: FontStack


class Logo(Frozen):
    src: WebAddress
    alt: Line
    width: int = Field(ge=1, le=600)


class ThemeFile(Frozen):
    colours: Colours
    fonts: dict[Language, Fonts]
    labels: dict[Language, dict[str, Line]]
    logo: Logo | None = None


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme in one language."""

    colours: Mapping[str, Mapping[str, str]]
    fonts: Mapping[str, str]
    labels: Mapping[str, str]
    logo: Mapping[str, str | int] | None


def read_theme(files: Mapping[str, str], folder: str, language: str) -> Theme:
    """
    The theme of a template folder, laid over the house's.

    :raises TemplateError: with line and column
    """
    path = f"{folder}/theme.yaml"
    return _theme(files.get(HOUSE, ""), files.get(path, ""), language, path)


@lru_cache(maxsize=8)
def _theme(house: str, own: str, language: str, path: str) -> Theme:
    try:
        located = _laid_over(_located(house, HOUSE), _located(own, path))
        whole = validate(ThemeFile, located, InputError, path=path)
    except InputError as error:
        raise TemplateError(*error.findings) from error
    return _in_language(whole, language, path)


def _located(text: str, path: str) -> Located:
    return read_yaml(text, path=path, error=InputError) if text.strip() else Located()


def _laid_over(house: Located, own: Located) -> Located:
    return Located(_merged(house.values, own.values), {**house.places, **own.places})


def _merged(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _merged(below[key], value) if key in below else value for key, value in above.items()}


def _in_language(whole: ThemeFile, language: str, path: str) -> Theme:
    fonts = {str(name): found for name, found in whole.fonts.items()}.get(language)
    labels = {str(name): found for name, found in whole.labels.items()}.get(language, {})
    missing: list[Path] = [("labels", language, name) for name in _NEEDED if name not in labels]
    if fonts is None:
        missing.append(("fonts", language))
    if missing:
        names = ", ".join(".".join(map(str, at)) for at in missing)
        raise TemplateError(Finding(message=f"{names}: is missing", fix="add it", path=path, rule="theme"))
    return Theme(
        colours=whole.colours.model_dump(),
        fonts=fonts.model_dump() if fonts else {},
        labels=labels,
        logo=whole.logo.model_dump() if whole.logo else None,
    )
