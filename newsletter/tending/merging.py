"""One tag instead of several, in the vocabulary and with every reader: both change, or neither."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.errors import InputError
from newsletter.store import Store
from newsletter.tags import Vocabulary
from newsletter.tags.editing import edited
from newsletter.tags.merging import Change, Merge, changes_between, merge_of, merged_tags, unreached
from newsletter.tending.page import VocabularyPage


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge has changed, or would change."""

    merge: Merge
    #: the vocabulary before
    vocabulary: Vocabulary
    #: readers who get the one tag instead of others
    readers: int
    #: of the merged tags, by how many subscriptions each was held
    held: dict[str, int]
    changes: tuple[Change, ...]
    #: wider tags that the stories of a merged tag no longer reach
    unreached: dict[str, list[str]]
    #: of the merged tags, those that readers could choose while the one tag cannot be chosen
    no_longer_offered: tuple[str, ...]


def foresee_merge(page: VocabularyPage, store: Store | None, written: Sequence[str], *, into: str) -> Merged:
    """
    What `merge_tags` would do; nothing is changed.

    :raises InputError: a word is not known, or the file cannot be changed safely
    """
    merged, _ = _prepared(page, store, written, into)
    return replace(merged, readers=store.interests.holders(merged.merge.slugs)) if store else merged


def merge_tags(
    page: VocabularyPage, store: Store | None, written: Sequence[str], *, into: str, actor: str, now: datetime
) -> Merged:
    """
    Retire tags in favour of another, and let their readers follow that one.

    The file is replaced just before the database commits: should the machine die between the two, the file says that
    the old tags mean the new one, which is right for readers of either; the same command then moves them.

    :raises InputError: a word is not known, or the file cannot be written; then nothing has changed
    :raises StoreError: the database refuses; then nothing has changed
    """
    merged, text = _prepared(page, store, written, into)
    if store is None:
        page.write(text)
        return merged
    is_written = False
    try:
        with store.interests.merging(merged.merge.slugs, merged.merge.into, actor=actor, now=now) as readers:
            page.write(text)
            is_written = True
    except BaseException:
        if is_written:
            with suppress(InputError):  # what went wrong first is what is told
                page.put_back()
        raise
    return replace(merged, readers=readers)


def _prepared(page: VocabularyPage, store: Store | None, written: Sequence[str], into: str) -> tuple[Merged, str]:
    vocabulary = page.vocabulary()
    held = store.interests.held() if store else {}
    merge = merge_of(written, into, vocabulary, held=held)
    wanted = merged_tags(merge, vocabulary)
    text = edited(page.text, wanted, path=page.shown)
    is_offered = vocabulary.tags[merge.into].offered
    return Merged(
        merge=merge,
        vocabulary=vocabulary,
        readers=0,
        held={slug: held.get(slug, 0) for slug in merge.slugs},
        changes=changes_between(vocabulary.tags, wanted),
        unreached=unreached(merge, vocabulary),
        no_longer_offered=tuple(
            slug for slug in merge.slugs if slug in vocabulary.tags and vocabulary.tags[slug].offered and not is_offered
        ),
    ), text
