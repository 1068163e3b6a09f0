"""`migrate-store`: everything moves to another database."""

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.store.moving import Foreseen, Moved
    from newsletter.tending.moving import Settled

#: of a checksum, on a terminal
_SHOWN = 16


def add_to(app: typer.Typer) -> None:
    app.command("migrate-store")(migrate_store)


def migrate_store(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The address of the database that is in use.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The address of an empty database.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be moved, and change nothing.")] = False,
    yes: options.Yes = False,
    as_json: options.AsJson = False,
) -> None:
    """
    Move everything to another database, and verify it.

    From SQLite to PostgreSQL, or back into a new file. Nobody can write meanwhile. When every row has arrived, the old
    database refuses to work and names the new one. After an interruption say the same again: it goes on. Leave a
    password out of the address: PGPASSWORD or ~/.pgpass gives it.

    Example: newsletter migrate-store sqlite:///newsletter.db postgresql://newsletter@db.example.com/newsletter
    """
    from newsletter import wiring
    from newsletter.tending.moving import foresee_move, move_store

    actor = wiring.actor(wiring.load_settings())
    foreseen = foresee_move(source, target, now=datetime.now(UTC))
    _show_foreseen(foreseen)
    if dry_run:
        _show_dry_run(foreseen, as_json=as_json)
        return
    if not yes:
        _confirm(foreseen)
    total, started = 2 * sum(foreseen.rows.values()), time.monotonic()
    with show.progress() as bars:
        bar, done = bars.add_task("moving", total=total, rate=""), 0

        def tell(said: str, rows: int) -> None:
            nonlocal done
            done += rows
            rate = f"{done / max(time.monotonic() - started, 0.001):,.0f}/s"
            bars.update(bar, description=said, completed=done, rate=rate)

        moved, settled = move_store(source, target, actor=actor, now=lambda: datetime.now(UTC), tell=tell)
    if as_json:
        show.document(_form(foreseen, moved, settled))
    else:
        _show_moved(moved)
    _tell(foreseen, moved, settled)


def _show_foreseen(foreseen: "Foreseen") -> None:
    if foreseen.is_closed:
        show.note("All was moved; what is missing is the last step.")
    elif foreseen.is_begun:
        show.note("An earlier move was cut off: what it copied is compared, and the rest is copied.")
    for name in foreseen.workers:
        show.note(f"warning: {name} is a worker of it; stop it, for afterwards it would only end with an error")
    for mailing in foreseen.held:
        show.note(
            f"warning: mailing {mailing.id} ({mailing.slug}) is in the hands of a sender: a living one must end "
            "first, and what a dead one held is settled before the move"
        )


def _confirm(foreseen: "Foreseen") -> None:
    """
    :raises RefusedError: nobody sits in front of the terminal
    """
    from newsletter.errors import RefusedError

    if not sys.stdin.isatty():
        raise RefusedError("nobody is there to confirm it, so nothing was moved", fix="say --yes if a person has")
    rows = show.count(sum(foreseen.rows.values()), "row")
    show.note(f"{rows} move from {foreseen.source}, where nothing can be written meanwhile, nor afterwards.")
    typer.confirm(f"Move to {foreseen.target}?", abort=True, err=True)


def _show_dry_run(foreseen: "Foreseen", *, as_json: bool) -> None:
    if as_json:
        tables = [{"table": table, "rows": rows} for table, rows in foreseen.rows.items()]
        show.document({"from": foreseen.source, "to": foreseen.target, "dry_run": True, "tables": tables})
        return
    show.note("Dry run: nothing is moved.")
    show.table(["table", "rows"], [(table, rows) for table, rows in foreseen.rows.items() if rows])
    show.line(f"{show.count(sum(foreseen.rows.values()), 'row')} would move to {foreseen.target}.")
    show.next_step("the same without --dry-run")


def _form(foreseen: "Foreseen", moved: "Moved", settled: "Settled") -> dict[str, Any]:
    return {
        "from": foreseen.source,
        "to": foreseen.target,
        "dry_run": False,
        "began_anew": moved.began_anew,
        "settled": {str(mailing): {str(state): n for state, n in found.items()} for mailing, found in settled.items()},
        "tables": [one._asdict() for one in moved.tables],
    }


def _show_moved(moved: "Moved") -> None:
    rows = [(one.table, one.rows, f"{one.checksum[:_SHOWN]}…") for one in moved.tables if one.rows]
    show.table(["table", "rows", "checksum on both sides"], rows)
    show.line(f"{show.count(len(moved.tables) - len(rows), 'other table')}: empty on both sides.")


def _tell(foreseen: "Foreseen", moved: "Moved", settled: "Settled") -> None:
    if moved.began_anew:
        show.note("The old database had changed since the earlier try, so that all was copied anew.")
    for mailing, states in settled.items():
        said = ", ".join(f"{count} {state}" for state, count in states.items())
        show.note(f"What a dead sender of mailing {mailing} had held was settled: {said}.")
    replaced = [f"{one.replaced:,} of {one.table}" for one in moved.tables if one.replaced]
    if replaced:
        show.note(
            f"warning: texts held a NUL byte, which PostgreSQL cannot keep ({', '.join(replaced)}); now it is a ␀"
        )
    rows = show.count(sum(one.rows for one in moved.tables), "row")
    show.note(f"{rows} moved to {foreseen.target}; all of them were read there again, and none differs.")
    show.note("The old database refuses to work from now on. It still names your readers: delete it when you are sure.")
    show.next_step(
        "set NEWSLETTER_DATABASE_URL to the new one, start serve and worker again, and ask newsletter doctor"
    )
