"""The last question before mail leaves."""

import sys

import typer

from newsletter.cli import show

#: above this, a key pressed by habit is not enough
_TYPED_ABOVE = 100


def confirm_sending(what: str, readers: int) -> None:
    """
    A yes; for a long list the number of its readers, typed.

    :raises RefusedError: nobody sits in front of the terminal
    """
    from newsletter.errors import RefusedError

    if not sys.stdin.isatty():
        raise RefusedError("nobody is there to confirm it, so nothing was sent", fix="say --yes if a person has")
    if readers <= _TYPED_ABOVE:
        typer.confirm(f"{what} to {show.count(readers, 'reader')}?", abort=True, err=True)
        return
    typed = typer.prompt(f"{what} to {show.count(readers, 'reader')}? Type their number", err=True)
    if typed.replace(",", "").strip() != str(readers):
        raise RefusedError(f"{typed} is not the number of readers, so nothing was sent", fix="look at the plan again")
