"""The outside judges: where they are, and which are missing."""

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
_PROGRAMS = {
    "java": "default-jre-headless",
    "node": "nodejs",
    "perl": "perl",
    "spamassassin": "spamassassin",
    "chromium": "chromium",
}
_PACKAGES = ("vnu-jar", "axe-core", "caniemail")


def missing() -> list[str]:
    """What to install before all judges can sit, by Debian's names."""
    found = [package for program, package in _PROGRAMS.items() if not shutil.which(program)]
    if not all((MODULES / package).is_dir() for package in _PACKAGES):
        found.append("npm and what tests/judge/package-lock.json names (make judge does that)")
    return found


def is_ci() -> bool:
    return os.environ.get("CI") == "true"


def answer(*command: str) -> str:
    """What a program printed."""
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=180).stdout
