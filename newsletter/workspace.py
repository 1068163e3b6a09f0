"""Where the templates and the vocabulary are: in the folder one stands in, else as they were shipped."""

from pathlib import Path

from newsletter.errors import TemplateError

_PACKAGE = Path(__file__).parent
#: a wheel carries these under one folder; a checkout has them where people look for them
_CHECKOUT = {"examples": "docs/examples", "env.example": ".env.example"}


def shipped(name: str) -> Path:
    """The shipped `templates`, `subscribers`, `examples` or `env.example`."""
    carried = _PACKAGE / "_shipped"
    if carried.is_dir():
        return carried / name
    return _PACKAGE.parent / _CHECKOUT.get(name, name)


def templates_folder(given: Path | None = None) -> Path:
    """
    The folder that was asked for, else `templates` here when it declares newsletters, else the shipped one.

    :raises TemplateError: the folder that was asked for is not there
    """
    if given is not None:
        if not given.is_dir():
            raise TemplateError(f"{given}: there is no such folder", fix="name the folder that holds newsletters.yaml")
        return given
    here = Path("templates")
    return here if (here / "newsletters.yaml").is_file() else shipped("templates")


def vocabulary_file() -> Path:
    return _own_or_shipped("tags.yaml")


def segments_file() -> Path:
    return _own_or_shipped("segments.yaml")


def confidential_file() -> Path:
    """Always one's own: git ignores it, and nothing of it is shipped."""
    return Path("subscribers") / "confidential.yaml"


def _own_or_shipped(name: str) -> Path:
    here = Path("subscribers") / name
    return here if here.is_file() else shipped("subscribers") / name
