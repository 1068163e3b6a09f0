"""The files that a finding may lead to. Nothing else can be asked for, and never the settings: they hold passwords."""

from pathlib import Path

from newsletter.errors import RefusedError
from newsletter.web.preview.watching import files_behind
from newsletter.workspace import shipped, templates_folder

_SECRET = ".env"  # noqa: S105 (a file's name)


def named_files(issue: Path, templates: Path | None) -> dict[str, Path]:
    """By each name under which a finding may know it: as given, from here, and below the templates folder."""
    found: dict[str, Path] = {}
    roots = [Path.cwd(), shipped("templates"), templates_folder(templates)]
    shipped_ones = [path for path in shipped("templates").glob("*/*") if path.is_file()]
    for path in (*shipped_ones, *files_behind(issue, templates)):
        if path.name == _SECRET:
            continue
        found[str(path)] = path
        for root in roots:
            if path.absolute().is_relative_to(root.absolute()):
                found[path.absolute().relative_to(root.absolute()).as_posix()] = path
    return found


def read_source(name: str, issue: Path, templates: Path | None) -> list[str]:
    """
    The lines of a file that belongs to the issue.

    :raises RefusedError: it does not, or cannot be read
    """
    path = named_files(issue, templates).get(name)
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace") if path else None
    except OSError:
        text = None
    if text is None:
        raise RefusedError(f"{name}: cannot be shown", fix="open it in your editor")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
