"""Write what an issue becomes into a folder: HTML, text, whole message, summary."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from newsletter.edition import Edition, Part
from newsletter.errors import InputError
from newsletter.mailing.prepare import Prepared
from newsletter.mailing.rehearsal import Rehearsed, example_recipient, insist_edition
from newsletter.message import escaped, prebuild, slots_in
from newsletter.plan import content_hash


def build_files(prepared: Prepared, rehearsed: Rehearsed, folder: Path, *, base_url: str) -> dict[str, Any]:
    """
    `SLUG.html`, `SLUG.txt`, `SLUG.eml` and `SLUG.json`, each whole or not at all; returns what the last one holds.

    :raises RefusedError: too few stories fit these interests, so that such a reader gets nothing
    """
    edition = insist_edition(prepared.compiled, rehearsed, prepared.vocabulary)
    recipient = example_recipient(prepared.compiled, rehearsed, address="reader@example.com", base_url=base_url)
    html, text = (fill_part(edition, part, recipient.values) for part in (Part.HTML, Part.TEXT))
    contents = {"html": html.encode(), "txt": text.encode(), "eml": prebuild(edition).fill(recipient)}
    slug = prepared.issue.slug
    summary = {
        "slug": slug,
        "content_hash": content_hash([edition.hash]),
        "subject": edition.subject,
        "html_bytes": len(contents["html"]),
        "text_characters": len(text),
        "stories": list(edition.stories),
        "files": [str(folder / f"{slug}.{suffix}") for suffix in (*contents, "json")],
    }
    contents["json"] = (json.dumps(summary, ensure_ascii=False, indent=2) + "\n").encode()
    for suffix, content in contents.items():
        write_whole(folder / f"{slug}.{suffix}", content)
    return summary


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
