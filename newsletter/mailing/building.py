"""Write what an issue becomes into a folder: HTML, text, whole message, summary."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsletter.edition import Edition, Part, cut_edition
from newsletter.errors import InputError
from newsletter.mailing.outline import Outline
from newsletter.mailing.prepare import Prepared
from newsletter.mailing.rehearsal import Rehearsed, example_recipient, insist_edition
from newsletter.message import escaped, prebuild, slots_in
from newsletter.plan import content_hash

#: so many digits of an edition's hash name it, in a plan's table and in file names
SHORT_HASH = 12


@dataclass(frozen=True, slots=True)
class Copy:
    """One edition as one reader gets it."""

    edition: Edition
    html: str
    text: str
    #: the whole mail, as it would leave
    message: bytes


def copy_of(prepared: Prepared, edition: Edition, rehearsed: Rehearsed, *, base_url: str) -> Copy:
    """With the reader's values in the slots, and links that lead nowhere."""
    recipient = example_recipient(prepared.compiled, rehearsed, base_url=base_url)
    html, text = (fill_part(edition, part, recipient.values) for part in (Part.HTML, Part.TEXT))
    return Copy(edition, html, text, prebuild(edition).fill(recipient))


def build_files(prepared: Prepared, rehearsed: Rehearsed, folder: Path, *, base_url: str) -> dict[str, Any]:
    """
    `SLUG.html`, `SLUG.txt`, `SLUG.eml` and `SLUG.json`, each whole or not at all; returns what the last one holds.

    :raises RefusedError: too few stories fit these interests, so that such a reader gets nothing
    """
    edition = insist_edition(prepared.compiled, rehearsed, prepared.vocabulary)
    slug = prepared.issue.slug
    files, sizes = _write_copy(copy_of(prepared, edition, rehearsed, base_url=base_url), folder, slug)
    summary = {
        "slug": slug,
        "content_hash": content_hash([edition.hash]),
        "subject": edition.subject,
        **sizes,
        "stories": list(edition.stories),
        "files": [*files, str(folder / f"{slug}.json")],
    }
    _write_json(folder / f"{slug}.json", summary)
    return summary


def build_editions(prepared: Prepared, outline: Outline, folder: Path, *, base_url: str) -> dict[str, Any]:
    """
    One of each distinct edition of a plan, as `SLUG.HASH.html`, `.txt` and `.eml`, and `SLUG.editions.json`; returns
    what the last one holds.
    """
    slug = prepared.issue.slug
    editions = []
    for planned, readers in outline.by_readers():
        copy = copy_of(prepared, cut_edition(prepared.compiled, planned.stories), Rehearsed(), base_url=base_url)
        files, sizes = _write_copy(copy, folder, f"{slug}.{planned.hash[:SHORT_HASH]}")
        told = {"hash": planned.hash, "subject": planned.subject, "stories": list(planned.stories), "readers": readers}
        editions.append(told | sizes | {"files": files})
    summary = {
        "slug": slug,
        "segment": outline.segment,
        "content_hash": outline.content_hash,
        "planned": outline.planned,
        "skipped": outline.as_json()["skipped"],
        "editions": editions,
        "files": [str(folder / f"{slug}.editions.json")],
    }
    _write_json(folder / f"{slug}.editions.json", summary)
    return summary


def _write_copy(copy: Copy, folder: Path, stem: str) -> tuple[list[str], dict[str, int]]:
    contents = {"html": copy.html.encode(), "txt": copy.text.encode(), "eml": copy.message}
    for suffix, content in contents.items():
        write_whole(folder / f"{stem}.{suffix}", content)
    sizes = {"html_bytes": len(contents["html"]), "text_characters": len(copy.text)}
    return [str(folder / f"{stem}.{suffix}") for suffix in contents], sizes


def _write_json(path: Path, summary: Mapping[str, Any]) -> None:
    write_whole(path, (json.dumps(summary, ensure_ascii=False, indent=2) + "\n").encode())


def fill_part(edition: Edition, part: Part, values: Mapping[str, str]) -> str:
    """One part with a reader's values in its slots, escaped for where they go."""
    content = edition.html if part is Part.HTML else edition.text
    for token, (place, field) in slots_in(edition).items():
        if place is part:
            content = content.replace(token, escaped(part, values[field]))
    return content


def write_whole(path: Path, content: bytes) -> None:
    """
    The file is there with all its bytes, or as it was before.

    :raises InputError: it cannot be written
    """
    scratch: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            scratch = Path(file.name)
            file.write(content)
        scratch.chmod(0o666 & ~_umask())
        scratch.replace(path)
    except OSError as error:
        if scratch is not None:
            scratch.unlink(missing_ok=True)
        raise InputError(
            f"{path}: cannot be written ({error.strerror})", fix="choose another folder, or make room"
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
