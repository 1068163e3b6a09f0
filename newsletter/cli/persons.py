"""`subscribers show` and `forget`: all that is known of one person, and the end of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.consent import ConsentRecord
    from newsletter.roster import Forgotten
    from newsletter.subscriber import Subscriber

_SHOWN = 12


def add_to(app: typer.Typer) -> None:
    app.command("show")(show_reader)
    app.command("forget")(forget)


def reader_form(reader: "Subscriber") -> dict[str, Any]:
    return {
        "email": reader.email,
        "newsletter": reader.newsletter,
        "name": reader.name,
        "salutation": reader.salutation,
        "language": reader.language,
        "company": reader.company,
        "manager": reader.manager,
        "zone": reader.zone,
        "status": str(reader.status),
        "suppressed_for": reader.suppressed_for and str(reader.suppressed_for),
        "interests": sorted(reader.interests),
        "consent_basis": reader.consent and reader.consent.basis,
        "consent_on": reader.consent and reader.consent.on.isoformat(),
        "joined_at": reader.joined_at.isoformat(),
    }


def show_reader(email: options.Email, as_json: options.AsJson = False) -> None:
    """
    Show one reader: standing, interests, consent.

    For an answer to somebody who asks what we hold on them, see subscribers export --person.

    Example: newsletter subscribers show mei.chen@example.com
    """
    from newsletter import wiring
    from newsletter.roster import find_everywhere

    with wiring.load_store(wiring.load_settings()) as store:
        found = find_everywhere(store, email)
        log = store.consents.of(found[0].subscriber_id)
    if as_json:
        theirs = {
            reader.newsletter: [it.as_json() for it in log if it.newsletter in ("", reader.newsletter)]
            for reader in found
        }
        show.document([reader_form(reader) | {"consents": theirs[reader.newsletter]} for reader in found])
        return
    for reader in found:
        show.table(["what", "is"], [(name, _cell(value)) for name, value in reader_form(reader).items() if value])
    show.table(["when (UTC)", "newsletter", "event", "how we know", "by"], map(_log_row, log), title="Consent log")


def _log_row(record: "ConsentRecord") -> tuple[str, str, str, str, str]:
    said = [
        record.basis and f"{record.basis}{f', {record.given_on}' if record.given_on else ''}",
        record.wording and f"wording {record.wording}",
        {True: "agreed to transfer abroad", False: "not to transfer abroad", None: ""}[record.cross_border],
        _source(record.source),
        record.ip,
    ]
    when = f"{record.at:%Y-%m-%d %H:%M}"
    return when, record.newsletter or "all", str(record.event), "; ".join(filter(None, said)), record.actor


def _source(source: str) -> str:
    """A file is known by the beginning of its hash."""
    return f"file {source[7:19]}…" if source.startswith("sha256:") else source


def _cell(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def forget(email: options.Email, yes: options.Yes = False) -> None:
    """
    Forget a person everywhere in this workspace, for good.

    What stays is a keyed hash of the address, so that no list brings them back, and the counts of what was sent. Mails
    in the outbox and rows in files of rejects go. Files of yours that name them are listed: delete those yourself.

    Example: newsletter subscribers forget mei.chen@example.com
    """
    from newsletter import wiring
    from newsletter.roster import forget_person

    settings = wiring.load_settings()
    if not yes:
        typer.confirm(f"Forget {email}, for good?", abort=True, err=True)
    with wiring.load_store(settings) as store:
        actor, now = wiring.actor(settings), datetime.now(UTC)
        found = forget_person(store, email, workspace=Path(), outbox=settings.outbox, actor=actor, now=now)
    _show_forgotten(found)
    if settings.transport == "sendgrid":
        show.note("SendGrid keeps records of its own: ask it to erase the address, too (POST /v3/recipients/erasejob).")


def _show_forgotten(found: "Forgotten") -> None:
    what = "Forgotten before; looked for traces once more" if found.again else "Forgotten"
    reads = f" (read {', '.join(found.newsletters)})" if found.newsletters else ""
    traces = (
        f"{show.count(found.mails, 'mail')} of the outbox, {show.count(found.rejected_rows, 'rejected row')} deleted"
    )
    show.line(f"{what}{reads}: {traces}.")
    if not found.is_rewritten:
        show.note(
            "Another program has the database open, so traces may be left in its file: end it, and say this again."
        )
    for path in found.named_in[:_SHOWN]:
        show.note(f"still named in {path}")
    more = len(found.named_in) - _SHOWN
    if more > 0:
        show.note(f"… and in {more} more")
    if found.named_in:
        show.note("These files are yours: take the person out of them, or delete them.")
    show.note("Copies of the database that you made before hold the person still.")
