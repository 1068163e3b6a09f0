"""Lay out a workspace: settings, templates, vocabulary and a folder for issues. What is there is kept."""

import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from newsletter.errors import Finding, InputError
from newsletter.starting.identity import Identity
from newsletter.starting.schema import workspace_schemas
from newsletter.starting.writing import unwritable, write_new
from newsletter.workspace import shipped

ENV_FILE = ".env"
_ISSUES = "issues"
#: what must never get into version control: passwords, readers' addresses, clients' names, mails
_IGNORED = "".join(
    f"{line}\n"
    for line in (
        *(".env", "*.pem", "*.db", "*.db-*", "*.lock.*", "*.flight"),
        *("/out/", "/outbox/", "/subscribers/*.csv", "/subscribers/confidential.yaml"),
    )
)
#: .env holds the key that signs links, and passwords later
_PRIVATE = 0o600
_KEY_BYTES = 36


@dataclass(frozen=True, slots=True)
class LaidOut:
    """Relative to the folder, in the order in which they were written."""

    folder: Path
    made: tuple[str, ...]
    kept: tuple[str, ...]


def lay_out(folder: Path, identity: Identity | None) -> LaidOut:
    """
    Write what is missing in a workspace; without an identity, `.env` must be there already.

    :raises InputError: it cannot be written; then nothing of this call stays behind
    """
    contents = _contents(identity)
    new: list[Path] = []
    made, kept = list[str](), list[str]()
    try:
        if os.path.lexists(folder) and not folder.is_dir():
            raise InputError(Finding(message="is no folder", fix="name a folder", path=str(folder), rule="folder"))
        _make_folder(folder / _ISSUES, new)
        for name, content in contents.items():
            _make_folder((folder / name).parent, new)
            is_new = write_new(folder / name, content, mode=_PRIVATE if name == ENV_FILE else 0o666)
            new += [folder / name] if is_new else []
            (made if is_new else kept).append(name)
    except (OSError, ValueError) as error:
        _undo(new)
        raise InputError(unwritable(Path(getattr(error, "filename", None) or folder), error)) from error
    except BaseException:
        _undo(new)
        raise
    return LaidOut(folder, tuple(made), tuple(kept))


def _contents(identity: Identity | None) -> dict[str, bytes]:
    """Everything that a workspace holds, by name."""
    templates, subscribers = shipped("templates"), shipped("subscribers")
    found = {ENV_FILE: settings_text(identity).encode()} if identity else {}
    found[".gitignore"] = _IGNORED.encode()
    for path in sorted(templates.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found[f"templates/{path.relative_to(templates).as_posix()}"] = path.read_bytes()
    for name in ("tags.yaml", "segments.yaml"):
        found[f"subscribers/{name}"] = (subscribers / name).read_bytes()
    found |= {name: text.encode() for name, text in workspace_schemas().items()}
    return found


def settings_text(identity: Identity) -> str:
    """The shipped `env.example` with an identity and a new key in it."""
    answers = {f"NEWSLETTER_{field.upper()}": value for field, value in asdict(identity).items()}
    answers["NEWSLETTER_SECRET_KEY"] = secrets.token_urlsafe(_KEY_BYTES)
    lines = shipped("env.example").read_text(encoding="utf-8").splitlines()
    filled = [f"{line}{_quoted(answers.pop(line[:-1]))}" if line[:-1] in answers else line for line in lines]
    # A setting that the example does not name would be lost in silence.
    filled += [f"{name}={_quoted(value)}" for name, value in answers.items()]
    return "\n".join(filled) + "\n"


def _quoted(value: str) -> str:
    """As `.env` has it. Older readers of it take a backslash before the last quote for an escape: hence the space."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped} "' if value.endswith("\\") else f'"{escaped}"'


def _make_folder(folder: Path, new: list[Path]) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.is_dir()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        new.append(path)


def _undo(new: list[Path]) -> None:
    for path in reversed(new):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
