"""Change the text of tags.yaml so that it means other tags, and leave every line alone that need not change."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from newsletter.errors import InputError, VocabularyError
from newsletter.located import Located, Path
from newsletter.tags.reading import read_vocabulary
from newsletter.tags.vocabulary import Tag
from newsletter.yamlfile import read_yaml

#: what YAML may take for more than text, inside `[…]` and `{…}` too
_PLAIN = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`~][^:,\[\]{}#'\"]*")
_ENTRY_END = re.compile(r"\}(?=[^}]*$)")
_PARENTS = re.compile(r"parents:\s*(?:\[[^\]]*\]|[A-Za-z0-9-]+)")
_PARENTS_KEY = re.compile(r"parents:\s*")
_ALIASES = re.compile(r"aliases:\s*")
_OUTER_COMMENT = re.compile(r"(?:#.*)?\s*")


def edited(text: str, wanted: Mapping[str, Tag], *, path: str) -> str:
    """
    The text of a vocabulary, changed so that it holds these tags: parents and replacements as they are to be, words
    and tags that are new. Comments and order stay.

    What comes out is read again, and must mean exactly what was wanted.

    :raises InputError: it stands in the file in a form that only a person can change
    """
    was = read_vocabulary(text, path=path).tags
    page = _Page(text.split("\n"), read_yaml(text, path=path, error=VocabularyError), path)
    for slug, tag in wanted.items():
        if slug in was and tag != was[slug]:
            page.change(was[slug], tag)
    new = [tag for slug, tag in wanted.items() if slug not in was]
    changed = "\n".join(page.changed())
    for tag in new:
        changed = _with_entry(changed, tag, path=path)
    if dict(_read_again(changed, path)) != dict(wanted):
        raise _by_hand(path, 1, "the file", "it holds something that this command cannot change safely")
    return changed


def _read_again(text: str, path: str) -> Mapping[str, Tag]:
    """
    :raises InputError: with what the change would break
    """
    return read_vocabulary(text, path=path).tags


def _by_hand(path: str, line: int, what: str, why: str) -> InputError:
    return InputError(f"{path}:{line}: {what} cannot be changed here: {why}", fix="change it by hand; nothing was done")


@dataclass
class _Page:
    """The lines of the file, and what is to be done to them; done from below, so that places stay right."""

    lines: list[str]
    located: Located
    path: str
    #: (line, column, columns, text), counted from 0
    cuts: list[tuple[int, int, int, str]] = field(default_factory=list)
    #: whole lines, by the line before which they stand
    inserted: list[tuple[int, str]] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)

    def change(self, was: Tag, tag: Tag) -> None:
        if tag.parents != was.parents:
            self._set_parents(was, tag)
        if tag.replaced_by != was.replaced_by:
            self._set_replacement(was, tag)
        new = [alias for alias in tag.aliases if alias not in was.aliases]
        if new:
            self._add_aliases(was, new)

    def changed(self) -> list[str]:
        lines = list(self.lines)
        for line, column, count, text in sorted(self.cuts, reverse=True):
            lines[line] = lines[line][:column] + text + lines[line][column + count :]
        before: dict[int, list[str]] = {}
        for line, text in self.inserted:
            before.setdefault(line, []).append(text)
        found: list[str] = []
        for number, text in enumerate([*lines, ""]):
            found += before.get(number, [])
            found += [] if number in self.deleted or number == len(lines) else [text]
        return found

    def _set_replacement(self, was: Tag, tag: Tag) -> None:
        written = f"replaced_by: {tag.replaced_by}"
        if was.replaced_by:
            line, column = self._place((tag.slug, "replaced_by"))
            self._cut(line, column, re.compile(r"replaced_by:\s*[A-Za-z0-9-]+"), written)
        else:
            self._add_field(tag.slug, written)

    def _set_parents(self, was: Tag, tag: Tag) -> None:
        if len(was.parents) == len(tag.parents):
            for number, (old, new) in enumerate(zip(was.parents, tag.parents, strict=True)):
                self._replace_one((tag.slug, "parents", number), old, new)
            return
        line, column = self._place((tag.slug, "parents"))
        last = self._end_of_field(tag.slug, "parents")
        is_alone = not self.lines[line][:column].strip()
        if any("#" in text for text in self.lines[line + 1 : last + 1]):
            raise _by_hand(self.path, line + 1, f"{tag.slug}.parents", "a comment stands in it")
        written = f"parents: [{', '.join(tag.parents)}]" if tag.parents else ""
        if is_alone and not written:
            self.deleted |= set(range(line, last + 1))
        elif last > line:
            self.deleted |= set(range(line + 1, last + 1))
            self.cuts.append((line, column, len(self.lines[line]) - column, written))
        else:
            self._cut(line, column, _PARENTS, written)

    def _replace_one(self, path: Path, old: str, new: str) -> None:
        if old != new:
            line, column = self._place(path)
            # A list of one may stand without brackets: then the place is its key's.
            key = _PARENTS_KEY.match(self.lines[line], column)
            at = self.lines[line].find(old, key.end() if key else column)
            self.cuts.append((line, at, len(old), new))

    def _add_aliases(self, was: Tag, new: Sequence[str]) -> None:
        words = ", ".join(_scalar(word) for word in new)
        if not was.aliases:
            self._add_field(was.slug, f"aliases: [{words}]", after="names")
            return
        line, column = self._place((was.slug, "aliases", len(was.aliases) - 1))
        key_line, key_column = self._place((was.slug, "aliases"))
        opening = _ALIASES.match(self.lines[key_line], key_column)
        rest = self.lines[key_line][opening.end() :] if opening else ""
        if rest.startswith("["):
            end = _closing(self.lines[line], column)
            if end is None:
                raise _by_hand(self.path, line + 1, f"{was.slug}.aliases", "its end is not found")
            self.cuts.append((line, end, 0, f", {words}"))
        elif not rest.strip() or rest.lstrip().startswith("#"):
            dash = self.lines[line][:column].rindex("-")
            self.inserted += [(line + 1, " " * dash + f"- {_scalar(word)}") for word in new]
        else:
            raise _by_hand(self.path, key_line + 1, f"{was.slug}.aliases", "it is no list; put it in [brackets]")

    def _add_field(self, slug: str, written: str, *, after: str = "") -> None:
        """As the last field of its tag, or after another."""
        line, _ = self._place((slug,))
        last = self._end_of_entry(slug)
        fields = [path for path in self.located.places if len(path) == 2 and path[0] == slug]
        first_line, first_column = min(self._place(path) for path in fields)
        if first_line > line:
            end = self._end_of_field(slug, after) if after else last
            self.inserted.append((end + 1, " " * first_column + written))
            return
        end_mark = _ENTRY_END.search(self.lines[last].split(" #")[0])
        if not end_mark:
            raise _by_hand(self.path, line + 1, slug, "its closing brace is not found")
        self.cuts.append((last, end_mark.start(), 0, f", {written}"))

    def _cut(self, line: int, column: int, pattern: re.Pattern[str], written: str) -> None:
        found = pattern.match(self.lines[line], column)
        if not found:
            raise _by_hand(self.path, line + 1, self.lines[line].strip(), "it stands in an unusual form")
        start, end = found.span()
        if not written and (comma := re.search(r",\s*$", self.lines[line][:start])):
            start = comma.start()
        self.cuts.append((line, start, end - start, written))

    def _place(self, path: Path) -> tuple[int, int]:
        place = self.located.place(path)
        return place.line - 1, place.column - 1

    def _end_of_field(self, slug: str, name: str) -> int:
        line, _ = self._place((slug, name))
        later = [self._place(path)[0] for path in self.located.places if len(path) == 2 and path[0] == slug]
        following = [other for other in later if other > line]
        return self._trimmed(line, min(following) - 1 if following else self._end_of_entry(slug))

    def _end_of_entry(self, slug: str) -> int:
        line, _ = self._place((slug,))
        starts = [self._place(path)[0] for path in self.located.places if len(path) == 1]
        following = [other for other in starts if other > line]
        return self._trimmed(line, min(following) - 1 if following else len(self.lines) - 1)

    def _trimmed(self, first: int, last: int) -> int:
        """Without empty lines and comments at its end: they belong to what follows."""
        while last > first and _OUTER_COMMENT.fullmatch(self.lines[last].strip()):
            last -= 1
        return last

    def entries(self) -> Iterator[tuple[str, int]]:
        """Every tag with the line on which it ends."""
        for slug in self.located.values:
            yield slug, self._end_of_entry(slug)


def _closing(line: str, column: int) -> int | None:
    """Where the list ends whose last text begins at that column."""
    quote = line[column] if line[column] in "'\"" else ""
    start = line.find(quote, column + 1) + 1 if quote else column
    end = line.find("]", start)
    return end if end >= 0 else None


def _scalar(text: str) -> str:
    is_plain = _PLAIN.fullmatch(text) and text == text.strip() and text.lower() != "null"
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _with_entry(text: str, tag: Tag, *, path: str) -> str:
    """Below the last tag of the same parent, else below the parent, else at the end."""
    page = _Page(text.split("\n"), read_yaml(text, path=path, error=VocabularyError), path)
    tags = read_vocabulary(text, path=path).tags
    first = tag.parents[:1]
    kin = [slug for slug, _ in page.entries() if first and (tags[slug].parents[:1] == first or (slug,) == first)]
    ends = dict(page.entries())
    written = _entry(tag)
    if kin:
        return "\n".join([*page.lines[: ends[kin[-1]] + 1], *written, *page.lines[ends[kin[-1]] + 1 :]])
    return "\n".join([*text.rstrip("\n").split("\n"), *written, ""])


def _entry(tag: Tag) -> list[str]:
    names = ", ".join(f"{language}: {_scalar(name)}" for language, name in tag.names.items())
    lines = [f"{tag.slug}:", f"  names: {{{names}}}"]
    lines += [f"  aliases: [{', '.join(map(_scalar, tag.aliases))}]"] if tag.aliases else []
    lines += [f"  parents: [{', '.join(tag.parents)}]"] if tag.parents else []
    return [*lines, *(["  offered: yes"] if tag.offered else [])]
