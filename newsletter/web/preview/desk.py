"""What lies on the desk: the issue as its file is now, or as it was when it could last be read."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from newsletter import wiring
from newsletter.errors import Finding, NewsletterError
from newsletter.mailing.prepare import Prepared
from newsletter.web.preview.copies import Copies


@dataclass(frozen=True, slots=True)
class Standing:
    #: counts the versions that were shown
    revision: int
    #: the last version that could be prepared
    prepared: Prepared | None
    #: why the files as they are now cannot be
    errors: tuple[Finding, ...]
    #: when that last version was found
    seen_at: datetime

    def told(self) -> dict[str, Any]:
        """In a word: which version is to be seen, and whether it is the one in the file."""
        return {"revision": self.revision, "is_good": self.prepared is not None and not self.errors}


class Desk:
    """The latest standing; replaced as a whole, so that whoever reads it holds one version."""

    def __init__(self, issue: Path, templates: Path | None, now: Callable[[], datetime]) -> None:
        self.issue, self.templates = issue, templates
        self._now = now
        self._turn = threading.Lock()
        self.standing = Standing(0, None, (), now())
        self.copies = Copies()

    def refresh(self, settled: bool = True) -> bool:
        """
        Prepare the issue anew; whether there is a new standing.

        :param settled: the files have come to rest, so that an error in them is one that the writer left there
        """
        with self._turn:
            try:
                prepared = wiring.prepare_issue(self.issue, self.templates)
            except NewsletterError as error:
                if settled:
                    self._put(self.standing.prepared, error.findings)
                return settled
            except Exception as error:  # noqa: BLE001 (whatever it is, the page must say so and go on)
                if settled:
                    message = f"something unexpected happened ({type(error).__name__})"
                    self._put(self.standing.prepared, (Finding(message=message, fix="undo the last change"),))
                return settled
            self._put(prepared, ())
            return True

    def _put(self, prepared: Prepared | None, errors: tuple[Finding, ...]) -> None:
        seen_at = self.standing.seen_at if errors else self._now()
        self.standing = Standing(self.standing.revision + 1, prepared, errors, seen_at)
