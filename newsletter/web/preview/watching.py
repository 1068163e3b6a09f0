"""See that a file was saved. Asking the file system often is the same everywhere, and costs next to nothing."""

import threading
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

from newsletter.errors import NewsletterError
from newsletter.workspace import segments_file, templates_folder, vocabulary_file

#: seconds between two looks
TICK = 0.025
#: so many looks pass until new files are searched for
_SEARCH_EVERY = 20
#: an editor that saves by renaming, or in two steps, is given this long before the file counts as gone or broken
PATIENCE = 0.25
_TEMPLATE_FILES = frozenset({".mjml", ".txt", ".yaml"})

#: by file: when it was written, how large it is, and which file it is; None for one that is not there
Marks = dict[Path, tuple[int, int, int] | None]


def files_behind(issue: Path, templates: Path | None) -> list[Path]:
    """Every file that an issue's look, findings and editions depend on; not all of them need to be there."""
    try:
        folder = templates_folder(templates)
    except NewsletterError:
        folder = Path(templates or "templates")
    declared = sorted(path for path in folder.glob("**/*") if path.suffix in _TEMPLATE_FILES)
    own = sorted(Path("subscribers").glob("*.yaml"))
    return list(dict.fromkeys([issue, Path(".env"), *declared, vocabulary_file(), segments_file(), *own]))


def marks_of(paths: Iterable[Path]) -> Marks:
    return {path: _mark(path) for path in paths}


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class Watch:
    """
    Calls `changed` after each change, in a thread of its own.

    `changed` says whether it could use what it found. After a no it is asked again once the files have come to rest,
    and told so, so that a half-written file is no error.
    """

    def __init__(self, files: Callable[[], Iterable[Path]], changed: Callable[[bool], bool]) -> None:
        self._files, self._changed = files, changed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        files = list(self._files())
        seen = marks_of(files)
        for tick in count(1):
            if self._stop.wait(TICK):
                return
            if tick % _SEARCH_EVERY == 0:
                files = list(self._files())
            found = marks_of(files)
            if found != seen:
                seen = self._settle(found)

    def _settle(self, found: Marks) -> Marks:
        """A good version is told at once, a bad one only when it has stayed for a while."""
        if self._changed(False):
            return found
        waited = 0.0
        while waited < PATIENCE and not self._stop.wait(TICK):
            now = marks_of(found)
            if now != found and self._changed(False):
                return now
            waited = waited + TICK if now == found else 0.0
            found = now
        self._changed(True)
        return found
