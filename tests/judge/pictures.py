"""`make pictures`: the README's pictures of both mails, desktop and phone, light and dark, as a browser draws them."""

import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from tests.judge.browser import SCHEMES, chromium, picture
from tests.judge.mails import ROOT, built_file

IMAGES = ROOT / "docs" / "images"
EXAMPLES = {"team-update": "china-team-note", "daily-brief": "china-ai-brief"}
#: width and height in CSS pixels
SCREENS = {"desktop": (720, 866), "phone": (375, 780)}


def take(folder: Path) -> Iterator[Path]:
    """All of them, one file after the other."""
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        for kind, example in EXAMPLES.items():
            mail = built_file(ROOT / "docs" / "examples" / f"{example}.md", Path(scratch))
            for (screen, (width, height)), scheme in product(SCREENS.items(), SCHEMES):
                path = folder / f"{kind}-{screen}-{scheme}.png"
                picture(browser, mail.html, path, width=width, height=height, scheme=scheme)
                yield path


if __name__ == "__main__":
    for taken in take(IMAGES):
        sys.stdout.write(f"{taken.relative_to(ROOT)}\n")
