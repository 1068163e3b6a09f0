"""`mailings pause`, `resume` and `retry`: stop a mailing for now, let it go on, try the refused once more."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from newsletter.cli import options, show


def add_to(mailings: typer.Typer) -> None:
    mailings.command()(pause)
    mailings.command()(resume)
    mailings.command()(retry)


def pause(
    mailing: options.MailingName,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why, for whoever finds it paused.")] = "by hand",
) -> None:
    """
    Pause a mailing: nothing more leaves for now.

    What is being handed over at this moment still gets its answer. Use it when something is wrong and you need time.

    Example: newsletter mailings pause 12 --reason 'the second link is wrong'
    """
    from newsletter import wiring

    settings = wiring.load_settings()
    said = " ".join(reason.split())[:200] or "by hand"
    with wiring.load_store(settings) as store:
        found = store.mailings.find(mailing)
        store.mailings.pause(found.id, said, actor=wiring.actor(settings), now=datetime.now(UTC))
    show.line(f"Mailing {found.id} is paused: {said}.")
    show.next_step(f"newsletter mailings resume {found.id}")


def resume(mailing: options.MailingName) -> None:
    """
    Resume a paused mailing.

    A scheduled one whose time is still to come waits for it again. Use it when what was wrong is mended.

    Example: newsletter mailings resume 12
    """
    from newsletter import wiring

    settings = wiring.load_settings()
    with wiring.load_store(settings) as store:
        found = store.mailings.find(mailing)
        now = store.mailings.resume(found.id, actor=wiring.actor(settings), now=datetime.now(UTC))
    show.line(f"Mailing {now.id} is {now.status}.")
    show.next_step(f"newsletter mailings show {now.id}" if now.finished_at else f"newsletter send {now.id}")


def retry(
    mailing: options.MailingName,
    reader: Annotated[str | None, typer.Option("--reader", metavar="EMAIL", help="Only this reader.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """
    Plan refused deliveries again that may succeed.

    Those that were put off for too long, full mailboxes and refusals of policy; never a wrong address, and nobody who
    has left. Use it when the cause is mended; `send` then tries them.

    Example: newsletter mailings retry 12
    """
    from newsletter import wiring
    from newsletter.errors import RefusedError
    from newsletter.mailing.retrying import judge_refusals, of_reader

    settings = wiring.load_settings()
    with wiring.load_store(settings) as store:
        found = store.mailings.find(mailing)
        refused = store.mailings.refused_readers(found.id, datetime.now(UTC))
        asked = of_reader(refused, reader) if reader else refused
        if reader and not asked:
            raise RefusedError(f"mailing {found.id} has no refused delivery to {reader}", fix="see newsletter explain")
        judged = judge_refusals(asked)
        ids = [one.delivery_id for one in judged.again]
        count = store.mailings.replan_refused(found.id, ids, actor=wiring.actor(settings), now=datetime.now(UTC))
    if as_json:
        left_out = [{"email": one.email, "detail": one.detail, "reason": why} for one, why in judged.left_out]
        show.document({"mailing": found.id, "again": [one.email for one in judged.again], "left_out": left_out})
        return
    show.line(f"{show.count(count, 'delivery', 'deliveries')} of mailing {found.id} planned again.")
    if judged.left_out:
        rows = [(one.email, one.detail, why) for one, why in judged.left_out]
        show.table(["left out", "what the provider said", "why"], rows)
    if count:
        show.next_step(f"newsletter send {found.id}")
