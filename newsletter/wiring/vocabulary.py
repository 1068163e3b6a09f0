"""The vocabulary of this workspace beside its readers, segments and issues, and its file when it is to be changed."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import wiring
from newsletter.errors import InputError, SegmentError, VocabularyError
from newsletter.fields import Frozen, Line, Lines, Slug
from newsletter.issue import slug_of
from newsletter.mailing.building import write_whole
from newsletter.mailing.prepare import Materials
from newsletter.reader import Reading
from newsletter.tags import Tag, Vocabulary
from newsletter.tending.filing import Proposal, with_tags
from newsletter.tending.page import VocabularyPage
from newsletter.workspace import vocabulary_file

if TYPE_CHECKING:
    from newsletter.store import Store


def own_page() -> VocabularyPage:
    """
    The vocabulary's file, to be changed.

    :raises VocabularyError: there is only the shipped one, which belongs to nobody
    """
    path = vocabulary_file()
    if path.is_absolute():
        message = f"there is no {Path('subscribers') / path.name} here, and the shipped one is not to be changed"
        raise VocabularyError(message, fix="stand in your workspace, or make one: newsletter init")
    return VocabularyPage.read(path, str(path))


def store_if_any() -> "AbstractContextManager[Store | None]":
    """The store, if there is one; looking makes none, and brings none up to date."""
    from newsletter.store.looking import look

    settings = wiring.load_settings()
    return wiring.load_store(settings) if look(settings.database_url).is_current else nullcontext()


def interests_held() -> dict[str, int] | None:
    """How many readers hold each tag; None where there are no readers."""
    with store_if_any() as store:
        return store.interests.held() if store else None


def segments_naming(vocabulary: Vocabulary, slugs: Iterable[str]) -> list[str]:
    """The saved segments whose rules name one of the tags; none where the rules cannot be read."""
    from newsletter.segment import HasInterest
    from newsletter.segment.expression import walk

    wanted = frozenset(slugs)
    try:
        segments = wiring.load_segments(vocabulary)
    except SegmentError:
        return []
    return [
        name
        for name, saved in segments.items()
        if any(isinstance(part, HasInterest) and part.slug in wanted for _, part in walk(saved.expression))
    ]


def write_proposals(path: Path, reading: Reading, proposals: Sequence[Proposal], materials: Materials) -> None:
    """
    Put proposed tags into the file of an issue.

    :raises InputError: the file has a form that only a person can change; then it stays as it is
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read", fix="it must be a UTF-8 file that you may read") from error
    changed = with_tags(
        text.replace("\r\n", "\n"),
        reading,
        proposals,
        vocabulary=materials.vocabulary,
        mastheads=materials.mastheads,
    )
    write_whole(path, (changed.replace("\n", "\r\n") if "\r\n" in text else changed).encode())


class _New(Frozen):
    """What somebody says of a new tag."""

    slug: Slug
    name: Line
    chinese: Line | None = None
    aliases: Lines = ()


def new_tag(
    name: str, *, chinese: str | None, aliases: Sequence[str], parents: Sequence[str], offered: bool, slug: str | None
) -> Tag:
    """
    :raises InputError: a name or the slug is none
    """
    from pydantic import ValidationError

    given = {"slug": slug or slug_of(name), "name": name, "chinese": chinese, "aliases": tuple(aliases)}
    try:
        new = _New.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        message = f"the {first['loc'][0]} {given[str(first['loc'][0])]!r} cannot be used: {first['msg']}"
        raise InputError(message, fix="write it on one line; a slug has small letters, digits and hyphens") from None
    names = {"en": new.name} | ({"zh-Hans": new.chinese} if new.chinese else {})
    return Tag(new.slug, names, new.aliases, tuple(parents), offered=offered)
