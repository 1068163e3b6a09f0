"""The colours and type of every page that we show, in front of each page's own style."""

from functools import cache
from pathlib import Path


@cache
def styled(path: Path) -> str:
    """
    :param path: a page's own style, which comes with us
    """
    palette = Path(__file__).with_name("palette.css")
    return palette.read_text(encoding="utf-8") + path.read_text(encoding="utf-8")
