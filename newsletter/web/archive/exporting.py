"""The archive as files: in any folder of any site, or opened where they are."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from newsletter.errors import InputError
from newsletter.mailing.building import write_whole
from newsletter.web.archive.feed import feed_of
from newsletter.web.archive.pages import MADE_BY, issue_page, issues_on_all_pages, list_page, own_page
from newsletter.web.archive.shelf import Shelf
from newsletter.web.archive.ways import written_ways

#: bytes at the beginning of a page, in which it names its maker
_OPENING = 16 << 10


def export_archive(shelf: Shelf, folder: Path) -> tuple[int, int]:
    """
    Write one newsletter's archive, and take away what an earlier export wrote of issues that are out of it now.

    :return: how many issues it holds, and how many pages were taken away
    :raises InputError: something cannot be written, or not be taken away
    """
    written = set()
    for path, content in _files(shelf):
        write_whole(folder / path, content)
        written.add(folder / path)
    gone = [page for page in _ours(folder) if page not in written]
    for page in gone:
        _take_away(page, folder)
    return sum(page.name == "index.html" and page.parent != folder for page in written), len(gone)


def _files(shelf: Shelf) -> Iterator[tuple[Path, bytes]]:
    """An issue has a folder, so that none can be called like a page of the list."""
    ways = written_ways(is_inside=False)
    for issue in issues_on_all_pages(shelf):
        page = issue_page(shelf, issue, written_ways(is_inside=True))
        yield Path(issue.name) / "index.html", page.encode()
    number = 1
    while page := list_page(shelf, ways, number=number) or "":
        yield Path(ways.to_page(number)), page.encode()
        number += 1
    yield Path(ways.feed), feed_of(shelf.masthead, shelf.issues(), ways)
    yield Path(ways.own), own_page(shelf, ways).encode()


def _ours(folder: Path) -> list[Path]:
    """Pages that an export wrote; whatever else lies there is not ours to touch."""
    found = [*folder.glob("*/index.html"), *folder.glob("page-*.html")]
    return [page for page in found if page.is_file() and not page.is_symlink() and _is_ours(page)]


def _is_ours(page: Path) -> bool:
    with page.open("rb") as file:
        return MADE_BY.encode() in file.read(_OPENING)


def _take_away(page: Path, folder: Path) -> None:
    try:
        page.unlink()
    except OSError as error:
        raise InputError(f"{page}: cannot be deleted ({error.strerror})", fix="delete it") from error
    if page.parent != folder:
        # Somebody may have put a file of theirs beside it.
        with suppress(OSError):
            page.parent.rmdir()
