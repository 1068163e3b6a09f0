"""Workspaces with an archive: newsletters that show what they sent, and mailings that have left."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from newsletter.compiler import compile_issue
from newsletter.delivery import Mailing, Outcome, Receipt
from newsletter.edition import CompiledIssue, Links, cut_edition
from newsletter.issue import AnyIssue
from newsletter.masthead import Masthead
from newsletter.plan import Plan, PlannedDelivery, planned_edition
from newsletter.store import Store
from newsletter.subscriber import Subscriber
from newsletter.tags import vocabulary_of
from tests.builders import NOW, a_masthead, an_imprint

TEMPLATES = Path(__file__).parents[1] / "templates"
#: by name of the newsletter
ARCHIVES = {"harbour-public": "public", "harbour-shared": "shared", "harbour-off": "off", "harbour-zh": "public"}
SEGMENT = "company:Confidential-Holdings"


def lay_out_archives(folder: Path) -> None:
    """Templates of ours, and a newsletter for each way to archive."""
    shutil.copytree(TEMPLATES, folder / "templates")
    entries = [
        f"{name}:\n  title: {title_of(name)}\n  zone: Asia/Singapore\n  list_id: {name}.example.com\n"
        f"  language: {'zh-Hans' if name == 'harbour-zh' else 'en'}\n  archive: {archive}\n"
        for name, archive in ARCHIVES.items()
    ]
    (folder / "templates" / "newsletters.yaml").write_text("\n".join(entries), encoding="utf-8")


def title_of(name: str) -> str:
    return "海港简报" if name == "harbour-zh" else name.replace("-", " ").title()


def compiled(issue: AnyIssue) -> CompiledIssue:
    name = issue.newsletter
    masthead: Masthead = a_masthead(
        name=name, title=title_of(name), list_id=f"{name}.example.com", kind=None, language=issue.language
    )
    return compile_issue(
        issue,
        masthead=masthead,
        imprint=an_imprint(),
        templates=TEMPLATES,
        vocabulary=vocabulary_of([]),
        links=Links.WEB,
    )


def planned(store: Store, issue: AnyIssue, readers: list[Subscriber], *, corrects: Mailing | None = None) -> Mailing:
    made = compiled(issue)
    edition = planned_edition(cut_edition(made, [story.id for story in made.stories]))
    plan = Plan(
        compiled=made,
        segment=SEGMENT,
        again=True,
        editions=(edition,),
        deliveries=tuple(PlannedDelivery(one.subscriber_id, one.subscription_id, edition.hash) for one in readers),
        skips=(),
        without_interests=0,
        corrects_id=corrects.id if corrects else None,
    )
    return store.mailings.save_plan(plan, actor="mei", now=NOW)


def sent(store: Store, mailing: Mailing, *, transport: str = "smtp", outcome: Outcome = Outcome.ACCEPTED) -> Mailing:
    now: datetime = NOW + timedelta(hours=mailing.id)
    store.mailings.begin(mailing.id, transport=transport, actor="mei", now=now)
    run = store.mailings.open_run(mailing.id, now)
    held = store.mailings.claim(mailing.id, run_id=run, limit=1_000, now=now)
    receipts = [Receipt(one.delivery_id, outcome) for one in held]
    store.mailings.settle(receipts, run_id=run, now=now, due_at=now)
    store.mailings.close_run(run, now)
    return store.mailings.finish(mailing.id, now)
