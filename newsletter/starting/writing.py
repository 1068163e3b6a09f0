"""Write a file that was not there: whole or not at all, and never over another one."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from newsletter.errors import Finding, InputError
from newsletter.starting.schema import workspace_schemas

_SUFFIXES = (".md", ".markdown")


def write_new(path: Path, content: bytes, *, mode: int = 0o666) -> bool:
    """
    False when something of that name is there already; it stays as it is.

    Nobody can read more of it than `mode` allows at any moment: the file may hold a secret.
    """
    if os.path.lexists(path):
        return False
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(content)
        return _name(scratch, path)
    finally:
        with suppress(OSError):
            scratch.unlink()


def _name(scratch: Path, path: Path) -> bool:
    """A link fails where a file is, while a rename would replace it."""
    try:
        path.hardlink_to(scratch)
    except FileExistsError:
        return False
    except OSError:
        # A file system without hard links; whoever creates the name in this very moment loses.
        if os.path.lexists(path):
            return False
        scratch.replace(path)
    return True


def write_issue(path: Path, text: str, *, workspace: Path) -> None:
    """
    Write a new issue file, and into the workspace the schemas that it names.

    :raises InputError: there is such a file already, or none can be written
    """
    if path.suffix.lower() not in _SUFFIXES:
        message, fix = "a new issue file is Markdown", "give it a name that ends in .md"
        raise InputError(Finding(message=message, fix=fix, path=str(path), rule="suffix"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = write_new(path, text.encode())
    except (OSError, ValueError) as error:
        raise InputError(unwritable(path, error)) from error
    if not is_new:
        fix = "it stays as it is; choose another slug, or another place with --output"
        raise InputError(Finding(message="is there already", fix=fix, path=str(path), rule="exists"))
    try:
        _renew_schemas(workspace)
    except OSError as error:
        path.unlink()
        raise InputError(unwritable(Path(error.filename or workspace), error)) from error


def _renew_schemas(workspace: Path) -> None:
    """They are ours: an older one gives way, so that editors know the fields that this program knows."""
    for name, text in workspace_schemas().items():
        path, content = workspace / name, text.encode()
        if path.is_file() and path.read_bytes() == content:
            continue
        path.parent.mkdir(exist_ok=True)
        scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            scratch.write_bytes(content)
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError | ValueError) -> Finding:
    reason = getattr(error, "strerror", None) or "no such name"
    fix = "choose another folder, or make room there"
    return Finding(message=f"cannot be written ({reason})", fix=fix, path=str(path), rule="write")
