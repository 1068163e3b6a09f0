"""`subscribers …`: readers, their interests and their consent."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import lists, options, persons, show
from newsletter.cli.persons import reader_form

if TYPE_CHECKING:
    from newsletter.subscriber import Subscriber

app = typer.Typer(help="Take readers in, look them up, let them go.", no_args_is_help=True)


lists.add_to(app)


@app.command("list")
def list_readers(
    newsletter: options.Newsletter,
    segment: Annotated[str | None, typer.Option("--segment", "-s", help="Only those in this segment.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """
    List the readers of a newsletter, or those in a segment.

    Use it to look a list over before you plan.

    Example: newsletter subscribers list --newsletter china-team --segment 'china and not crypto'
    """
    from newsletter import wiring

    found = wiring.readers_in(newsletter, segment)
    if as_json:
        show.document([reader_form(reader) for reader in found])
        return
    rows = [(r.email, r.name, r.language, ", ".join(sorted(r.interests)), _standing(r)) for r in found]
    show.table(["address", "name", "language", "interests", "status"], rows)
    show.note(show.count(len(rows), "reader"))


def _standing(reader: "Subscriber") -> str:
    return f"{reader.status}, suppressed: {reader.suppressed_for}" if reader.suppressed_for else str(reader.status)


persons.add_to(app)


@app.command()
def add(  # noqa: PLR0917 - a command has the options it has
    email: options.Email,
    newsletter: options.Newsletter,
    name: Annotated[str | None, typer.Option("--name", help="As in the To line.")] = None,
    salutation: Annotated[str | None, typer.Option("--salutation", help="As in the greeting: 'Ms Chen'.")] = None,
    language: Annotated[str | None, typer.Option("--language", help="en or zh-Hans.")] = None,
    interests: Annotated[str | None, typer.Option("--interests", help="Tags, parted by commas.")] = None,
    consent_basis: lists.ConsentBasis = None,
    consent_on: lists.ConsentOn = None,
) -> None:
    """
    Add one reader to a newsletter.

    Without a consent the reader is pending and gets no mail.

    Example: newsletter subscribers add mei.chen@example.com --newsletter china-team --name 'Chen Mei'
    --consent-basis 'asked by mail' --consent-on 2026-03-01
    """
    from newsletter import wiring
    from newsletter.roster import add_reader

    settings = wiring.load_settings()
    materials = wiring.load_materials()
    wiring.insist_newsletter(materials, newsletter)
    with wiring.load_store(settings) as store:
        reader = add_reader(
            store,
            {"email": email, "name": name, "salutation": salutation, "language": language, "interests": interests},
            newsletter=newsletter,
            vocabulary=materials.vocabulary,
            consent=lists.consent_of(consent_basis, consent_on),
            actor=wiring.actor(settings),
            now=datetime.now(UTC),
        )
    show.line(f"{reader.email} reads {newsletter}: {reader.status}.")
    show.next_step(f"newsletter subscribers show {reader.email}")


@app.command()
def tag(email: options.Email, tags: options.TagNames, newsletter: options.Newsletter) -> None:
    """
    Give a reader interests.

    Any name or alias of a tag will do.

    Example: newsletter subscribers tag mei.chen@example.com 'AI governance' crypto --newsletter china-team
    """
    _change_interests(email, tags, newsletter, adding=True)


@app.command()
def untag(email: options.Email, tags: options.TagNames, newsletter: options.Newsletter) -> None:
    """
    Take interests from a reader.

    A reader without any interest gets every story.

    Example: newsletter subscribers untag mei.chen@example.com crypto --newsletter china-team
    """
    _change_interests(email, tags, newsletter, adding=False)


def _change_interests(email: str, tags: list[str], newsletter: str, *, adding: bool) -> None:
    from newsletter import wiring
    from newsletter.roster import change_interests, find_reader

    settings = wiring.load_settings()
    with wiring.load_store(settings) as store:
        reader = change_interests(
            store,
            find_reader(store, email, newsletter),
            tags,
            vocabulary=wiring.load_vocabulary(),
            adding=adding,
            actor=wiring.actor(settings),
            now=datetime.now(UTC),
        )
    show.line(f"{reader.email} follows: {', '.join(sorted(reader.interests)) or 'everything (no interests)'}")


@app.command()
def unsubscribe(
    email: options.Email,
    newsletter: Annotated[
        str | None, typer.Option("--newsletter", "-n", help="Only this one; all when absent.")
    ] = None,
) -> None:
    """
    Unsubscribe a reader, at once and for good.

    Use it when somebody asks by mail or telephone. Deliveries that wait are withdrawn before they leave.

    Example: newsletter subscribers unsubscribe mei.chen@example.com
    """
    from newsletter import wiring
    from newsletter.roster import unsubscribe as leave

    settings = wiring.load_settings()
    with wiring.load_store(settings) as store:
        left = leave(store, email, newsletter=newsletter, actor=wiring.actor(settings), now=datetime.now(UTC))
    show.line(f"{email} no longer gets: {', '.join(left)}")
