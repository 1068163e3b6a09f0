"""What stands in the archive of one newsletter, as values for its pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from newsletter.edition import CompiledIssue, Edition, Field, Part, cut_edition
from newsletter.mailing.building import fill_part
from newsletter.masthead import Masthead
from newsletter.store import Store
from newsletter.store.archive import Archived

#: issues on one page of the list, and in the feed
PAGE = 20
#: no slug holds a dot
_CORRECTION = ".correction"
#: issues of which is kept what lists say of them
_KEPT = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a list says of an issue, in the edition that holds all its stories."""

    title: str
    preheader: str
    headlines: tuple[str, ...]
    language: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class Shelved:
    archived: Archived
    told: Told

    @property
    def name(self) -> str:
        """The last part of its address."""
        return _name(self.archived.slug, self.archived.is_correction)


class Shelf:
    def __init__(self, store: Store, masthead: Masthead) -> None:
        self._store = store
        self.masthead = masthead
        # What was sent never changes.
        self._told = lru_cache(maxsize=_KEPT)(self._tell)

    def count(self) -> int:
        return self._store.archive.count(self.masthead.name)

    def issues(self, *, page: int = 1) -> list[Shelved]:
        """The newest first."""
        found = self._store.archive.issues(self.masthead.name, limit=PAGE, offset=(page - 1) * PAGE)
        return self._shelved(found)

    def find(self, name: str) -> Shelved | None:
        is_correction = name.endswith(_CORRECTION)
        slug = name.removesuffix(_CORRECTION)
        found = self._store.archive.find(self.masthead.name, slug, is_correction=is_correction)
        return self._shelved([found])[0] if found else None

    def corrections(self, issue: Shelved) -> list[Shelved]:
        return self._shelved(self._store.archive.corrections(self.masthead.name, issue.archived))

    def corrected(self, issue: Shelved) -> Shelved | None:
        """The issue that this one is a correction of."""
        found = self._store.archive.corrected(self.masthead.name, issue.archived)
        return self._shelved([found])[0] if found else None

    def corrected_names(self) -> set[str]:
        return {_name(*found) for found in self._store.archive.all_corrected(self.masthead.name)}

    def mail(self, issue: Shelved, *, own: str) -> str:
        """
        Its HTML part with every story, and without a reader's name or links.

        :param own: where those links lead instead
        """
        compiled = self._store.mailings.compiled(issue.archived.mailing_id)
        pages = (Field.UNSUBSCRIBE_URL, Field.PREFERENCES_URL, Field.VIEW_URL)
        values: dict[str, str] = dict.fromkeys(pages, own)
        values |= {Field.GREETING: compiled.greeting_without_name, Field.SINCE: ""}
        values[Field.UNSUBSCRIBE_MAILTO] = f"mailto:{compiled.letterhead.unsubscribe_address}"
        return fill_part(_whole(compiled), Part.HTML, values)

    def _shelved(self, found: Sequence[Archived]) -> list[Shelved]:
        return [Shelved(archived, self._told(archived.mailing_id)) for archived in found]

    def _tell(self, mailing_id: int) -> Told:
        compiled = self._store.mailings.compiled(mailing_id)
        edition, headlines = _whole(compiled), {story.id: story.headline for story in compiled.stories}
        label = self.masthead.subject_label or ""
        return Told(
            title=edition.subject.removeprefix(label).strip() or edition.subject,
            preheader=edition.preheader,
            headlines=tuple(headlines[story] for story in edition.stories),
            language=compiled.letterhead.language,
            # its own zone's day
            issued_on=compiled.letterhead.issued_at.date(),
        )


def _name(slug: str, is_correction: bool) -> str:
    return slug + (_CORRECTION if is_correction else "")


def _whole(compiled: CompiledIssue) -> Edition:
    return cut_edition(compiled, [story.id for story in compiled.stories])


def sent_last(issues: Sequence[Shelved]) -> datetime | None:
    return max((issue.archived.last_sent_at for issue in issues), default=None)
