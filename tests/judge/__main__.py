"""`make judge`: both templates, judged by others. Prints a table; fails when a target is missed."""

import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.judge import browser, markup, spam, support
from tests.judge.mails import Mail, mails
from tests.judge.programs import is_ci, missing

_COLUMNS = ("HTML", "nesting", "axe", "overflow", "requests", "SpamAssassin", "caniemail")
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all judges say about one mail."""

    mail: Mail
    faults: dict[str, list[str]]
    score: spam.Score

    def cells(self) -> list[str]:
        found = {name: str(len(faults)) for name, faults in self.faults.items()}
        return [
            f"{len(self.mail.html.encode()) / _KIB:.1f}",
            *(found | {"SpamAssassin": f"{self.score.points:.1f}"}).values(),
        ]


def judge(judged: Sequence[Mail], folder: Path) -> list[Verdict]:
    """The browser works beside the three others, which wait for programs of their own."""
    with ThreadPoolExecutor() as pool:
        drawn = pool.submit(browser.seen, judged)
        scored = pool.submit(spam.spam_scores, judged, folder)
        checked = markup.markup_faults(judged, folder)
        nested = markup.nesting(judged)
        asked = support.unsupported(judged, folder)
        seen, scores = drawn.result(), scored.result()
    return [
        Verdict(
            mail,
            {
                "HTML": checked[mail.name],
                "nesting": nested[mail.name],
                "axe": seen[mail.name].violations,
                "overflow": seen[mail.name].overflow,
                "requests": [f"asks for {url}" for url in seen[mail.name].requests],
                "SpamAssassin": _spam_faults(scores[mail.name]),
                "caniemail": asked[mail.name],
            },
            scores[mail.name],
        )
        for mail in judged
    ]


def _spam_faults(score: spam.Score) -> list[str]:
    return [f"{score.points:.1f} points: {score.rules}"] if score.points > spam.MOST_POINTS else []


def table(verdicts: Sequence[Verdict]) -> str:
    rows = [["mail", "KiB", *_COLUMNS], *([verdict.mail.name, *verdict.cells()] for verdict in verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def main() -> int:
    lacking = missing()
    if lacking:
        sys.stdout.write(f"The judges cannot sit: install {', '.join(lacking)}\n")
        return 1 if is_ci() else 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        verdicts = judge(list(mails(Path(scratch))), Path(scratch))
    sys.stdout.write(table(verdicts) + "\n")
    faults = [
        f"{verdict.mail.name}: {judge_name}: {fault}"
        for verdict in verdicts
        for judge_name, found in verdict.faults.items()
        for fault in found
    ]
    took = f"{time.monotonic() - started:.0f} s"
    if faults:
        sys.stdout.write("\n".join(["", *faults, "", f"{len(faults)} faults in {len(verdicts)} mails; {took}\n"]))
        return 1
    sys.stdout.write(
        f"\n{len(verdicts)} mails, no fault; SpamAssassin allows 5.0 points, we {spam.MOST_POINTS}; {took}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
