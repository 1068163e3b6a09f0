"""`report`: what became of a mailing, for tired eyes, as a page, or for a spreadsheet."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import options, show

if TYPE_CHECKING:
    from newsletter.delivery import Mailing
    from newsletter.report import Report
    from newsletter.report.account import Account
    from newsletter.store import Store
    from newsletter.tags import Vocabulary

#: lines of a table that are read at a glance; the page and --json have them all
_SHOWN = 10
_NAMED = 20


def add_to(main: typer.Typer) -> None:
    main.command()(report)


def report(
    mailing: Annotated[
        str | None,
        typer.Argument(metavar="[MAILING]", help="Its number, or its issue's slug; the last ones when absent."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with charts, to print or pass on.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write one row a reader, for a spreadsheet.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Say what became of a mailing.

    Who has it, whose mail came back and why, who left or complained since, what reached whom, story by story and tag by
    tag; all of it adds up to the plan. Without MAILING: the last ones, a line each. The page and the rows name readers:
    pass them on as you would pass on the list.

    Example: newsletter report china-2026-06-10
    """
    from newsletter import wiring
    from newsletter.report import report_on
    from newsletter.report.account import account_of

    options.insist_page(html)
    if mailing is None and (html or csv):
        raise typer.BadParameter("name the mailing that the file is to be about")
    now = datetime.now(UTC)
    with wiring.load_store(wiring.load_settings()) as store:
        if mailing is None:
            show_last(store, as_json=as_json)
            return
        found, vocabulary = store.mailings.find(mailing), wiring.load_vocabulary()
        account, counted = account_of(store, found, vocabulary, now=now), report_on(store.mailings, found.id)
        if html:
            _write_page(account, counted, vocabulary, html)
        if csv:
            _write_rows(store, found, csv, now)
        acts = store.mailings.acts(found.id) if as_json else []
    if as_json:
        done = [{"at": a.at.isoformat(), "by": a.actor, "act": a.action, "detail": a.detail} for a in acts]
        show.document(counted.as_json() | {"acts": done} | account.as_json())
        return
    show_account(account, counted, vocabulary)
    _go_on(account, html)


def _write_page(account: "Account", counted: "Report", vocabulary: "Vocabulary", path: Path) -> None:
    from newsletter.mailing.building import write_whole
    from newsletter.web.report import report_page

    write_whole(path, report_page(account, counted, vocabulary).encode())
    show.note(f"The page is in {path}.")


def _write_rows(store: "Store", mailing: "Mailing", path: Path, now: datetime) -> None:
    from newsletter.errors import InputError
    from newsletter.roster.reached import write_reached

    try:
        # With a mark in front, without which Excel takes UTF-8 for something else.
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            count = write_reached(store, mailing, file, now=now)
    except OSError as error:
        fix = "choose another folder, or make room"
        raise InputError(f"{path}: cannot be written ({error.strerror})", fix=fix) from error
    show.note(f"{show.count(count, 'reader')} in {path}.")


def _go_on(account: "Account", html: Path | None) -> None:
    number = account.mailing.id
    if account.fates["unknown"]:  # type: ignore[index]
        show.next_step(f"newsletter mailings resolve {number}")
    elif not html:
        show.next_step(f"newsletter report {number} --html report.html")


def show_last(store: "Store", *, as_json: bool) -> None:
    from newsletter.report.last import last_mailings

    found = last_mailings(store)
    if as_json:
        show.document([one.as_json() for one in found])
        return
    rows = [
        (
            one.mailing.id,
            f"{one.mailing.started_at:%Y-%m-%d %H:%M}" if one.mailing.started_at else "",
            one.mailing.newsletter,
            one.mailing.slug,
            str(one.mailing.status),
            one.planned,
            one.accepted,
            one.failed,
            one.unknown,
            one.complained,
        )
        for one in found
    ]
    headings = ["mailing", "begun (UTC)", "newsletter", "issue", "status"]
    show.table([*headings, "planned", "accepted", "failed", "unknown", "complained"], rows)
    show.next_step(f"newsletter report {found[0].mailing.id}" if found else "newsletter plan ISSUE --segment SEGMENT")


def show_account(account: "Account", counted: "Report", vocabulary: "Vocabulary") -> None:
    from newsletter.report.wording import BOUNCES, FATES

    _show_head(account)
    fates = [(str(fate), n, FATES[fate]) for fate, n in account.fates.items() if n]
    show.bars(["became", "readers", ""], fates, of=account.planned)
    _show_skipped(account)
    if account.bounces:
        show.bars(
            ["came back or refused", "readers", ""],
            [(str(kind), n, BOUNCES[kind]) for kind, n in account.bounces.items()],
            of=account.failed,
        )
        failing = sorted((one for one in account.domains if one.failed), key=lambda one: -one.failed)
        rows = [(one.domain or "(forgotten)", one.failed, one.planned) for one in failing]
        _some(["at", "failed", "of"], rows)
    _show_since(account)
    _show_moments(account)
    _show_reach(account, vocabulary)
    _show_names(counted)


def _show_head(account: "Account") -> None:
    from newsletter.cli.mailings import status_of

    mailing = account.mailing
    show.line(f"Mailing {mailing.id}: {mailing.title}, {mailing.slug}, to {mailing.segment}: {status_of(mailing)}")
    if mailing.started_at:
        ended = f" to {mailing.finished_at:%Y-%m-%d %H:%M}" if mailing.finished_at else ""
        show.line(f"Sent by {mailing.transport} from {mailing.started_at:%Y-%m-%d %H:%M}{ended} UTC")
    reached = f"{account.reached:,} of {show.count(account.planned, 'planned reader')}"
    show.line(f"\n{reached} have it, as far as anybody knows.\n")


def _show_skipped(account: "Account") -> None:
    from newsletter.mailing.explaining import REASONS

    if account.skipped:
        rows = [(str(reason), n, REASONS[reason]) for reason, n in account.skipped.items()]
        show.bars(["left out", "readers", ""], rows, of=sum(account.skipped.values()))


def _show_since(account: "Account") -> None:
    """What readers did; of opens and clicks only whoever agreed to it."""
    tracked = account.tracked
    rows = [
        ("left the newsletter", account.left, "having got it; until a week after its end"),
        ("called it spam", account.complained, ""),
    ]
    if any(tracked):
        rows += [
            ("opened it", tracked.opened, f"and {tracked.opened_by_machine:,} of whom only a machine did"),
            ("clicked", tracked.clicked, f"and {tracked.clicked_by_machine:,} of whom only a machine did"),
        ]
    show.table(["since then", "readers", ""], rows)
    if not any(tracked):
        show.line("Opens and clicks are not tracked.\n")


def _show_moments(account: "Account") -> None:
    moments = [one for one in account.moments if one.accepted or one.delivered or one.bounced or one.left]
    if not moments:
        return
    rows = [
        (
            f"{one.begins_at:%m-%d %H:%M}" + ("" if one.is_hour else ", a day"),
            one.accepted,
            one.delivered,
            one.bounced,
            one.complained,
            one.left,
        )
        for one in moments
    ]
    _some(["from (UTC)", "accepted", "delivered", "came back", "spam", "left"], rows)


def _show_reach(account: "Account", vocabulary: "Vocabulary") -> None:
    if not account.stories:
        return
    stories = [(one.headline, one.reached, f"of {one.planned:,} planned") for one in account.stories]
    show.bars(["story", "have it", ""], stories, of=account.planned)
    tags = [
        (vocabulary.name(one.tag, "en"), one.reached, show.count(one.stories, "story", "stories"))
        for one in account.tags
    ]
    show.bars(["tag", "have it", ""], tags[:_SHOWN], of=account.planned)
    if account.unfollowed:
        names = ", ".join(vocabulary.name(tag, "en") for tag in account.unfollowed)
        show.line(f"Tags that nobody follows: {names}.")
    if account.unserved:
        show.line(f"Readers for whom no story was: {account.unserved:,}.")


def _show_names(counted: "Report") -> None:
    """Whom somebody must look after."""
    if counted.unknown:
        rows = [(email, str(delivery), f"{at:%Y-%m-%d %H:%M UTC}") for email, delivery, at in counted.unknown]
        _some(["nobody is sure of", "delivery", "since"], rows, most=_NAMED)
    if counted.refused:
        _some(["refused", "what the provider said"], counted.refused, most=_NAMED)
    if counted.withdrawn:
        _some(["withdrawn", "why"], counted.withdrawn, most=_NAMED)


def _some(headings: Sequence[str], rows: Sequence[Sequence[object]], *, most: int = _SHOWN) -> None:
    show.table(headings, rows[:most])
    if len(rows) > most:
        show.note(f"… and {len(rows) - most:,} more; --json and --html have them, --csv has every reader.")
