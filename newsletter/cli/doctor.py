"""`doctor`: everything that a mail depends on, and a mail that came back."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.diagnosis import Verdict


def add_to(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE.eml]", help="A mail to judge: one that came back, or a built one.")
    ] = None,
    dkim_selector: Annotated[
        list[str] | None, typer.Option("--dkim-selector", help="The name of your DKIM key; may be given twice.")
    ] = None,
    resolver: Annotated[
        str | None, typer.Option("--resolver", help="The DNS server to ask, such as 192.0.2.53; else this machine's.")
    ] = None,
    templates: options.Templates = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Look over all that a mail depends on; change nothing.

    Use it after setting up, and whenever mail does not arrive: settings, database, templates, provider and the
    sender's DNS records, each with what to do. With FILE.eml it judges a mail instead: save one from the mailbox that
    a test-send went to. Sends nothing. Exits with 1 when there are errors.

    Example: newsletter doctor --dkim-selector s1
    """
    from newsletter.diagnosis import Grade

    found = _show(_judged(file) if file else _examined(dkim_selector, resolver, templates), as_json=as_json)
    if as_json:
        show.document([verdict.as_json() for verdict in found])
    counts = Counter(verdict.grade for verdict in found)
    show.note(
        f"\n{counts[Grade.OK]} ok, {show.count(counts[Grade.WARNING], 'warning')}, "
        f"{show.count(counts[Grade.ERROR], 'error')}"
    )
    if counts[Grade.ERROR]:
        raise typer.Exit(1)
    back = "newsletter test-send ISSUE --to YOU, then newsletter doctor on the mail that came"
    show.next_step("newsletter plan ISSUE --segment everyone" if file else back)


def _judged(file: Path) -> "Iterable[Verdict]":
    from newsletter.diagnosis.returned import judge_file

    return judge_file(file)


def _examined(selectors: list[str] | None, resolver: str | None, templates: Path | None) -> "Iterable[Verdict]":
    from newsletter.diagnosis.examining import Wish, examine

    wish = Wish(templates=templates, selectors=tuple(selectors or ()), resolver=resolver)
    return examine(wish, now=datetime.now(UTC))


def _show(verdicts: "Iterable[Verdict]", *, as_json: bool) -> "list[Verdict]":
    """Each as soon as it is known: a silent DNS server takes its time."""
    found = []
    for verdict in verdicts:
        found.append(verdict)
        if not as_json:
            show.line(f"{verdict.grade:<8} {verdict}")
    return found
