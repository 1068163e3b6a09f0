"""`init`, `new`: a workspace, and an issue file to fill in."""

import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.issue import Kind
    from newsletter.starting import Identity, LaidOut


def add_to(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(new)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder to begin in; made when absent.")] = Path(),
    sender_name: Annotated[str, typer.Option("--sender-name", help="The name in the From line.")] = "",
    sender_address: Annotated[str, typer.Option("--sender-address", help="The address in the From line.")] = "",
    unsubscribe_address: Annotated[
        str, typer.Option("--unsubscribe-address", help="The mailbox that readers write to in order to leave.")
    ] = "",
    postal_address: Annotated[str, typer.Option("--postal-address", help="The postal address in every footer.")] = "",
    yes: options.Yes = False,
) -> None:
    """
    Lay out a workspace: settings, templates, vocabulary.

    Use it once, before anything else. Asks who writes, as far as no option says it, and makes the key that signs
    links. Nothing that is there already is changed, so it may be run again.

    Example: newsletter init china --sender-name 'Harbour Advisers' --sender-address news@example.com
    --unsubscribe-address leave@example.com --postal-address '1 Quay Street, Singapore 048616'
    """
    from newsletter.starting import lay_out

    answers = {
        "sender_name": sender_name,
        "sender_address": sender_address,
        "unsubscribe_address": unsubscribe_address,
        "postal_address": postal_address,
    }
    _show_layout(lay_out(folder, _identity(folder, answers, may_ask=not yes and sys.stdin.isatty())))
    there = f"cd {shlex.quote(str(folder))}, then " if folder != Path() else ""
    show.next_step(f"{there}newsletter new team-update first-note")


def _identity(folder: Path, answers: dict[str, str], *, may_ask: bool) -> "Identity | None":
    """None when the workspace has its settings already: they are kept, so there is nothing to ask."""
    from newsletter.starting import ENV_FILE, QUESTIONS, Identity

    if os.path.lexists(folder / ENV_FILE):
        given = [f"--{field.replace('_', '-')}" for field, answer in answers.items() if answer]
        if given:
            show.note(f"{folder / ENV_FILE} is there already and is kept, so {', '.join(given)} changes nothing.")
        return None
    if may_ask:
        for field, question in QUESTIONS.items():
            answers[field] = answers[field] or _ask(field, question)
    return Identity.of(answers)


def _ask(field: str, question: str) -> str:
    from newsletter.errors import InputError
    from newsletter.starting import checked

    def check(answer: str) -> str:
        try:
            return checked(field, answer)
        except InputError as error:
            raise typer.BadParameter(str(error)) from None

    answer: str = typer.prompt(question, value_proc=check, err=True)
    return answer


def _show_layout(laid_out: "LaidOut") -> None:
    for name in laid_out.made:
        show.line(f"made  {laid_out.folder / name}")
    for name in laid_out.kept:
        show.line(f"kept  {laid_out.folder / name}")
    if not laid_out.made:
        show.note("Everything was there already; nothing was changed.")


def new(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="team-update or daily-brief.")],
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The issue's name: letters, digits, hyphens.")],
    newsletter: Annotated[
        str | None, typer.Option("--newsletter", "-n", help="The newsletter; the only one of that kind when absent.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file; issues/SLUG.md when absent, SLUG.md without a folder issues."),
    ] = None,
    templates: options.Templates = None,
) -> None:
    """
    Write a commented issue file to fill in.

    Use it for every new issue. It has today's date in the newsletter's zone, each field with what it does, and an
    example to write over. A file that is there already is never touched.

    Example: newsletter new daily-brief china-2026-06-10
    """
    from newsletter import wiring
    from newsletter.starting import checked, choose_newsletter, schema_line, skeleton, write_issue

    chosen = _kind(kind)
    checked("slug", slug)
    materials = wiring.load_materials(templates)
    masthead = choose_newsletter(materials.mastheads, chosen, newsletter)
    path = output or (Path("issues") if Path("issues").is_dir() else Path()) / f"{slug}.md"
    text = skeleton(
        chosen,
        masthead,
        slug=slug,
        day=masthead.today(datetime.now(UTC)),
        vocabulary=materials.vocabulary,
        schema=schema_line(chosen, path.parent),
        write_slug=path.stem != slug,
    )
    write_issue(path, text, workspace=Path())
    show.line(str(path))
    show.next_step(f"fill it in, then newsletter check {shlex.quote(str(path))}")


def _kind(written: str) -> "Kind":
    from newsletter.issue import Kind

    try:
        return Kind(written)
    except ValueError:
        raise typer.BadParameter(f"{written!r} is neither team-update nor daily-brief") from None
