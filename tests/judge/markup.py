"""The Nu HTML checker (vnu) on each mail and on its two conditional views, all in one Java."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.judge.mails import Mail
from tests.judge.programs import MODULES
from tests.judge.views import nesting_faults, views

_CHECKER = MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"
#: What Word reads as XML and a checker of HTML cannot: MJML's settings for Outlook, in the Outlook view's head.
_WORD_SETTINGS = re.compile(r"<noscript>\s*<xml>.*?</xml>\s*</noscript>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pardon:
    """What the checker says that is meant so: the whole message, in which tags, and why."""

    message: re.Pattern[str]
    why: str
    #: what the offending source must look like
    source: re.Pattern[str] = re.compile("")


#: everything that is not counted; nothing else is
PARDONS = (
    Pardon(
        re.compile(
            r"The “(align|bgcolor|border|cellpadding|cellspacing|valign|width)” attribute on the “(table|td)” .*"
        ),
        "MJML lays out with tables, for Word knows nothing else; these are the attributes that Word obeys",
    ),
    Pardon(
        re.compile(r"The “type” attribute for the “style” element is not needed and should be omitted\."),
        "MJML writes it, for old readers of mail",
    ),
    Pardon(
        re.compile(r"Attribute “xmlns:[vo]” not allowed here\."),
        "MJML declares Microsoft's names, which Word's own markup uses",
    ),
    Pardon(
        re.compile(r"CSS: “(mso-[a-z-]+)”: Property “\1” doesn't exist\."),
        "properties that Word alone knows: MJML's for tables, ours to hide the preheader",
    ),
    Pardon(
        re.compile(
            r"The “name” attribute is never allowed on the “a” element\.|The “name” attribute on the “a” element is "
            r"obsolete\. .*|Element “a” is missing required attribute “href”\."
        ),
        "Gmail and Outlook jump only to an empty anchor with a name (caniemail, html-anchor-links, note 7)",
        re.compile(r'<a id="[^"]*" name="[^"]*">$'),
    ),
)


def markup_faults(mails: Sequence[Mail], folder: Path) -> dict[str, list[str]]:
    """What the checker finds wrong, by the mail's name."""
    written: dict[str, tuple[str, str]] = {}
    for mail in mails:
        for view, html in {"mail": mail.html, **views(mail.html)}.items():
            path = folder / f"{mail.name}.{view}.checked.html"
            path.write_text(_WORD_SETTINGS.sub("", html) if view == "outlook" else html, encoding="utf-8")
            written[path.as_uri()] = (mail.name, view)
    faults: dict[str, list[str]] = {mail.name: [] for mail in mails}
    for message in _messages([path.removeprefix("file://") for path in written]):
        name, view = written[_with_slashes(message["url"])]
        faults[name] += [f"{view}: {said}" for said in _said(message)]
    return {name: list(dict.fromkeys(found)) for name, found in faults.items()}


def nesting(mails: Sequence[Mail]) -> dict[str, list[str]]:
    """Tags that cross, in the view of Outlook or of the others, by the mail's name."""
    return {mail.name: nesting_faults(mail.html) for mail in mails}


def _messages(paths: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    command = ["java", "-Xmx512m", "-jar", str(_CHECKER), "--format", "json", "--exit-zero-always", *paths]
    said = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=180)
    found: Sequence[Mapping[str, Any]] = json.loads(said.stderr)["messages"]
    return found


def _said(message: Mapping[str, Any]) -> Iterator[str]:
    """Errors, and warnings as well."""
    source = message.get("extract", "")
    start = message.get("hiliteStart", 0)
    source = source[start : start + message.get("hiliteLength", len(source))]
    if not any(pardon.message.fullmatch(message["message"]) and pardon.source.search(source) for pardon in PARDONS):
        yield f"{message.get('lastLine', 0)}: {message['message']}"


def _with_slashes(url: str) -> str:
    """Java writes `file:/x` where others write `file:///x`."""
    return re.sub(r"^file:/+", "file:///", url)
