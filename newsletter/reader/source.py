"""From a file to its text, and from the text to the form that its name promises."""

import codecs
import re
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath

from newsletter.errors import Finding, IssueError
from newsletter.masthead import Masthead
from newsletter.reader.markdown import read_markdown
from newsletter.reader.reading import Reading, make_reading
from newsletter.yamlfile import SIZE_LIMIT, read_yaml

_MARKDOWN = (".md", ".markdown")
_YAML = (".yaml", ".yml", ".json")
#: every escape, so that the second half of an escaped backslash begins none
_ESCAPE = re.compile(r"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})|.)", re.ASCII)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_issue(path: Path, mastheads: Mapping[str, Masthead]) -> Reading:
    """
    The issue that a file holds, in the form that its suffix names.

    :raises IssueError: with everything that is wrong at once
    """
    return read_issue_text(_decoded(_content(path), str(path)), path=str(path), mastheads=mastheads)


def read_issue_text(text: str, *, path: str, mastheads: Mapping[str, Masthead]) -> Reading:
    """
    The issue that a text holds; `path` names the form, stands in findings, and gives the slug when the text has none.

    :raises IssueError: with everything that is wrong at once
    """
    suffix = _form(path)
    if len(text) > SIZE_LIMIT:
        raise _too_large(path)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    reading = _read(text, suffix, path=path, mastheads=mastheads)
    return replace(reading, lines=tuple(text.split("\n")))


def _read(text: str, suffix: str, *, path: str, mastheads: Mapping[str, Masthead]) -> Reading:
    if suffix in _MARKDOWN:
        return read_markdown(text, path=path, mastheads=mastheads)
    located = read_yaml(_json_as_yaml(text) if suffix == ".json" else text, path=path, error=IssueError)
    return make_reading(located, path=path, mastheads=mastheads)


def _json_as_yaml(text: str) -> str:
    """JSON may be indented with tabs, and writes an emoji as two escapes of four digits; YAML knows neither."""
    return _ESCAPE.sub(_whole_escape, text.replace("\t", " "))


def _whole_escape(found: re.Match[str]) -> str:
    if not found["high"]:
        return found[0]
    code = 0x10000 + ((int(found["high"], 16) - 0xD800) << 10) + int(found["low"], 16) - 0xDC00
    return f"\\U{code:08X}"


def _content(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise _about(path, "is a folder", "name the issue file in it")
        if not stat.S_ISREG(status.st_mode):
            raise _about(path, "is not a file", "name a file that ends in .md or .yaml")
        _form(str(path))
        if status.st_size > SIZE_LIMIT:
            raise _too_large(str(path))
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError as error:
        raise _about(path, "there is no such file", "check its name and where you stand") from error
    except PermissionError as error:
        raise _about(path, "you may not read this file", "ask its owner, or copy it") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise _about(path, f"cannot be read ({reason})", "check its name and the disk") from error
    if len(content) > SIZE_LIMIT:
        raise _too_large(str(path))
    return content


def _form(path: str) -> str:
    suffix = PurePath(path).suffix.lower()
    if suffix in _MARKDOWN or suffix in _YAML:
        return suffix
    message = f"an issue file cannot end in '{suffix}'" if suffix else "an issue file cannot be without a suffix"
    fix = "name it .md for Markdown, or .yaml, .yml or .json"
    raise IssueError(Finding(message=message, fix=fix, path=path, rule="suffix"))


def _decoded(content: bytes, path: str) -> str:
    fix = "save it as UTF-8"
    if content.startswith(_UTF16) or b"\0" in content[:64]:
        raise IssueError(Finding(message="is UTF-16 text, or no text at all", fix=fix, path=path, rule="encoding"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # `error.object` and not `content`: the positions count without the byte order mark.
        before = bytes(error.object[: error.start]).decode("utf-8")
        line_start = before.rfind("\n") + 1
        raise IssueError(
            Finding(
                message=f"is not UTF-8 text (byte 0x{error.object[error.start]:02X})",
                fix=fix,
                path=path,
                line=before.count("\n") + 1,
                column=len(before) - line_start + 1,
                rule="encoding",
            )
        ) from error


def _too_large(path: str) -> IssueError:
    message = f"is larger than {SIZE_LIMIT >> 20} MiB"
    return IssueError(Finding(message=message, fix="split the issue", path=path, rule="size"))


def _about(path: Path, message: str, fix: str) -> IssueError:
    return IssueError(Finding(message=message, fix=fix, path=str(path), rule="file"))
