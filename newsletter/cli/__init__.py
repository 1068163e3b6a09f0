"""The command line: parse, call, show. Commands decide nothing; here errors become exit codes."""

import sys
from typing import Annotated

import typer

from newsletter import __version__
from newsletter.cli import (
    approving,
    archive,
    bounces,
    correcting,
    demo,
    doctor,
    importing,
    issues,
    life,
    mailings,
    moving,
    planning,
    preview,
    reporting,
    segments,
    sending,
    serve,
    show,
    starting,
    subscribers,
    suggesting,
    tags,
    tending,
    testing,
    working,
)
from newsletter.errors import NewsletterError, SegmentError

app = typer.Typer(
    name="newsletter",
    help="Write to your readers: check an issue file, render it, and send it to those whose interests fit.\n\n"
    "Start with: newsletter demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
starting.add_to(app)
importing.add_to(app)
issues.add_to(app)
preview.add_to(app)
planning.add_to(app)
approving.add_to(app)
sending.add_to(app)
testing.add_to(app)
mailings.add_to(app)
reporting.add_to(app)
life.add_to(mailings.app)
correcting.add_to(app)
serve.add_to(app)
working.add_to(app)
moving.add_to(app)
app.add_typer(archive.app, name="archive")
app.add_typer(bounces.app, name="bounces")
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(segments.app, name="segments")
suggesting.add_to(tags.app)
tending.add_to(tags.app)
app.add_typer(tags.app, name="tags")
doctor.add_to(app)
demo.add_to(app)

_INTERRUPTED = 130
#: set by --debug; a traceback reaches a user only then
_debug = False


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"newsletter {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    global _debug
    _debug = debug


def _tell(error: NewsletterError) -> None:
    """A line for each finding; on a terminal, a mark under the character that an expression fails at."""
    for finding in error.findings:
        typer.echo(f"error: {finding}", err=True)
        if isinstance(error, SegmentError) and sys.stderr.isatty():
            show.pointed(error.written, finding)


def main() -> None:
    """Run the command line; every error ends in one line per finding and an exit code."""
    try:
        app()
    except NewsletterError as error:
        if _debug:
            raise
        _tell(error)
        sys.exit(1)
    except (KeyboardInterrupt, SystemExit) as stopped:
        # Typer makes an exit of a Ctrl-C that a command has not caught.
        if isinstance(stopped, SystemExit) and stopped.code != _INTERRUPTED:
            raise
        typer.echo("error: stopped at once; run the same command again to go on", err=True)
        sys.exit(_INTERRUPTED)
    except Exception as error:
        if _debug:
            raise
        typer.echo(
            f"error: something unexpected happened ({type(error).__name__}); "
            "run it again with newsletter --debug and report what it shows",
            err=True,
        )
        sys.exit(1)
