"""
caniemail: what our mails ask of mail programs beyond what MJML itself asks.

The baseline is an empty mail of the components that our templates use. What it uses, every MJML mail uses.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from mjml import mjml2html

from tests.judge.mails import Mail
from tests.judge.programs import HERE, answer

#: what readers at companies use, and the phones they carry
CLIENTS = "apple-mail.*,gmail.*,outlook.*,samsung-email.*,thunderbird.*,yahoo.*"
#: what the checker says that is meant so, by its title
PARDONS = {
    "Local anchors": "the contents list looks like text and stays one where its jumps do nothing",
    "<ul>, <ol> and <dl>": "what is not supported everywhere are reversed and value, which we do not use",
    "font-weight": "what Outlook does not know are numbers; we write bold and normal",
    "mailto: links": "what is not supported everywhere are cc and bcc, which we do not use",
}


def unsupported(mails: Sequence[Mail], folder: Path) -> dict[str, list[str]]:
    """What is not, or only partly, supported, with the programs, by the mail's name."""
    paths = {
        name: _written(folder, name, html) for name, html in [("", _baseline()), *((m.name, m.html) for m in mails)]
    }
    said = json.loads(answer("node", str(HERE / "support.mjs"), CLIENTS, *map(str, paths.values())))
    found = {name: {(title, client) for title, client in said[str(path)]} for name, path in paths.items()}
    baseline = found.pop("")
    return {name: _told(pairs - baseline) for name, pairs in found.items()}


def _baseline() -> str:
    html: str = mjml2html((HERE / "baseline.mjml").read_text(encoding="utf-8"), fonts={})
    return html


def _told(pairs: set[tuple[str, str]]) -> list[str]:
    titles = sorted({title for title, _ in pairs} - PARDONS.keys())
    return [f"{title}: {', '.join(sorted(client for name, client in pairs if name == title))}" for title in titles]


def _written(folder: Path, name: str, html: str) -> Path:
    path = folder / f"{name or 'baseline'}.support.html"
    path.write_text(html, encoding="utf-8")
    return path
