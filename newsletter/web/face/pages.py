"""Pages from their templates; whatever a reader or a file has put into a value is text."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from newsletter.web.face.wording import WORDS

FOLDER = Path(__file__).parent / "pages"


def page(name: str, /, *, up: str = "../", **values: Any) -> str:
    """
    :param up: the way from the page to where the pages begin, which may be a folder of somebody else's site
    """
    return _jinja().get_template(f"{name}.html").render(values, up=up)


def notice(key: str, path: str) -> str:
    """For somebody of whom we know nothing, not even the language."""
    notices = [(language, words[key], words[f"{key}_why"]) for language, words in WORDS.items()]
    return page("notice", up="../" * (path.count("/") - 1), language="en", notices=notices)


@cache
def _jinja() -> Environment:
    loader = FileSystemLoader(FOLDER)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
