"""What the terminal shows: tables and sentences for people, one JSON document for programs."""

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import typer

from newsletter.errors import Finding

if TYPE_CHECKING:
    from rich.progress import Progress


_UNKNOWN_TAG = "NL106"


def document(value: Any) -> None:
    """The one JSON document that --json promises."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def line(text: str) -> None:
    typer.echo(text)


def note(text: str) -> None:
    """For the person in front of the terminal, never for a program."""
    typer.echo(text, err=True)


def next_step(text: str) -> None:
    """The likely next command."""
    note(f"\nNext: {text}")


def finding(found: Finding) -> None:
    """With the id of its rule where `check --explain` knows it."""
    explained = f" [{found.rule}]" if found.rule.startswith("NL") else ""
    typer.echo(f"{found.severity}: {found}{explained}", err=True)


def remark(found: Finding) -> None:
    """A finding that does not stop what was asked for; tags are for `check`."""
    if found.rule != _UNKNOWN_TAG:
        typer.echo(f"warning: {found}", err=True)


def pointed(written: str, found: Finding) -> None:
    """The line that was written, and a mark under the place: for eyes, which count characters badly."""
    from newsletter.columns import pointer

    if written and found.line and found.column:
        lines = "".join(mark if mark.isprintable() or mark == "\n" else " " for mark in written).split("\n")
        shown = lines[min(found.line, len(lines)) - 1]
        typer.echo(f"  {shown}\n  {pointer(shown, found.column)}", err=True)


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 reader`, `2 readers`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Columns of text; numbers stand to the right. Nothing in a cell is taken for markup."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [tuple(row) for row in rows]
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = 200
    shown = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, title_style="bold")
    for place, heading in enumerate(headings):
        is_number = bool(rows) and all(isinstance(row[place], int) for row in rows)
        shown.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    console.print(shown)


def bars(headings: Sequence[str], rows: Iterable[tuple[str, int, str]], *, of: int) -> None:
    """Counts with a bar and a share of the whole; the last cell says what the first one means."""
    what, count_, why = headings
    shown = [(name, number, _bar(number, of), _percent(number, of), meaning) for name, number, meaning in rows]
    table([what, count_, "", "%", why], shown)


def _bar(number: int, of: int, length: int = 20) -> str:
    """In eighths of a character, and never nothing for somebody."""
    eighths = max(1 if number else 0, round(number * length * 8 / of)) if of else 0
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _percent(number: int, of: int) -> str:
    return f"{number / of:.1%}".rjust(6) if of else ""


def progress() -> "AbstractContextManager[Progress]":
    """A bar with rate and time left on standard error; none where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
