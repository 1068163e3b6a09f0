"""SpamAssassin with the rules that it comes with, asking no network: one Perl for all mails."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.judge.mails import Mail
from tests.judge.programs import HERE, answer

#: wanted is 0.0 or less
MOST_POINTS = 0.5


@dataclass(frozen=True, slots=True)
class Score:
    """Points, and the rules that gave them."""

    points: float
    rules: str


def spam_scores(mails: Sequence[Mail], folder: Path) -> dict[str, Score]:
    """By the mail's name."""
    paths = {str(_written(mail, folder)): mail.name for mail in mails}
    said = answer("perl", str(HERE / "spam.pl"), str(folder), *paths)
    lines = [line.split("\t") for line in said.splitlines()]
    return {paths[path]: Score(float(points), rules) for path, points, rules in lines}


def _written(mail: Mail, folder: Path) -> Path:
    path = folder / f"{mail.name}.judged.eml"
    path.write_bytes(mail.eml)
    return path
