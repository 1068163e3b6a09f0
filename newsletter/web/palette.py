"""The colours and type of every page that we show, in front of each page's own style."""

from functools import cache
from pathlib import Path


@cache
def styled(path: Path) -> str:
    """
    :param path: a page's own style, which comes with us
    """
    return _palette() + path.read_text(encoding="utf-8")


def colours() -> str:
    """The names of the colours alone, for a page that has a style of its own already."""
    return _palette().partition("}\n")[0] + "}\n"


@cache
def _palette() -> str:
    return Path(__file__).with_name("palette.css").read_text(encoding="utf-8")
