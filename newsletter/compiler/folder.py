"""The texts of a template folder, and nothing from outside of it."""

from pathlib import Path

from newsletter.errors import Finding, TemplateError
from newsletter.workspace import shipped

_READ = frozenset({".mjml", ".txt", ".yaml"})
_NEEDED = ("layout.mjml", "text.txt")
#: bytes; the largest of ours has 6,000
SIZE_LIMIT = 256 << 10


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
    real_root = root.resolve()
    if not (root / part).resolve().is_relative_to(real_root):
        raise _leads_out(part)
    found = sorted(path for path in (root / part).iterdir() if path.suffix in _READ)
    return [(f"{part}/{path.name}", _text(path, real_root, f"{part}/{path.name}")) for path in found]


def _text(path: Path, real_root: Path, name: str) -> str:
    if path.is_symlink() and not path.resolve().is_relative_to(real_root):
        raise _leads_out(name)
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
        if len(content) > SIZE_LIMIT:
            raise TemplateError(Finding(message=f"is larger than {SIZE_LIMIT >> 10} KiB", fix="split it", path=name))
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(Finding(message="cannot be read", fix="save it as UTF-8 text", path=name)) from error


def _leads_out(name: str) -> TemplateError:
    return TemplateError(Finding(message="leads out of the template folder", fix="copy the file there", path=name))
