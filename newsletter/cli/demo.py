"""`demo`: the whole path on the shipped examples, in a temporary workspace."""

import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from newsletter.cli import show

#: an invented sender on a domain that nobody can own
_SETTINGS = {
    "NEWSLETTER_SENDER_NAME": "Harbour Advisers",
    "NEWSLETTER_SENDER_ADDRESS": "news@example.com",
    "NEWSLETTER_REPLY_TO": "advisers@example.com",
    "NEWSLETTER_POSTAL_ADDRESS": "Harbour Advisers, 1 Quay Street, Singapore 048616",
    "NEWSLETTER_UNSUBSCRIBE_ADDRESS": "leave@example.com",
    "NEWSLETTER_BASE_URL": "https://news.example.com",
    "NEWSLETTER_ACTOR": "demo",
}
#: by shipped example: its newsletter, and who gets it
_AUDIENCES = {"china-ai-brief": ("china-ai-brief", "ai or china"), "china-team-note": ("china-team", "everyone")}


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where to put the workspace; a new temporary one when absent.")
    ] = None,
) -> None:
    """
    Walk the whole path on examples; nothing leaves.

    Checks and builds both examples, takes in 200 invented readers, plans, sends into a folder of .eml files, and
    sends once more to show that nobody gets anything twice.

    Example: newsletter demo
    """
    from newsletter.workspace import shipped

    here = folder or Path(tempfile.mkdtemp(prefix="newsletter-demo-"))
    _lay_out(here, shipped("templates"), shipped("subscribers"), shipped("examples"))
    run = _Runner(here)
    for newsletter in sorted({newsletter for newsletter, _ in _AUDIENCES.values()}):
        run("subscribers", "import", "subscribers/sample.csv", "--newsletter", newsletter, "--yes")
    for slug, (_, segment) in _AUDIENCES.items():
        issue = f"issues/{slug}.md"
        run("check", issue)
        run("build", issue, "-o", "out")
        run("plan", issue, "--segment", segment)
        run("send", issue, "--segment", segment, "--yes")
        run("send", issue, "--segment", segment, "--yes")
    _sum_up(here, run)


def _lay_out(here: Path, templates: Path, subscribers: Path, examples: Path) -> None:
    (here / "issues").mkdir(parents=True, exist_ok=True)
    for example in sorted(examples.glob("*.md")):
        shutil.copy(example, here / "issues")
    shutil.copytree(templates, here / "templates", dirs_exist_ok=True)
    (here / "subscribers").mkdir(exist_ok=True)
    for name in ("tags.yaml", "segments.yaml", "sample.csv"):
        shutil.copy(subscribers / name, here / "subscribers")
    settings = _SETTINGS | {"NEWSLETTER_SECRET_KEY": secrets.token_urlsafe(36)}
    env = here / ".env"
    env.touch(mode=0o600)
    env.write_text("".join(f'{name}="{value}"\n' for name, value in settings.items()), encoding="utf-8")


class _Runner:
    """Runs `newsletter` in the demo's workspace as a user would, whatever the user's own settings are."""

    def __init__(self, here: Path) -> None:
        self.here = here
        own = ("NEWSLETTER_", "SENDGRID_")
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(own)}

    def __call__(self, *words: str) -> None:
        show.line(f"\n$ newsletter {shlex.join(words)}")
        if subprocess.run(self._command(*words), cwd=self.here, env=self.environ, check=False).returncode:
            raise typer.Exit(1)

    def document(self, *words: str) -> Any:
        command = self._command(*words, "--json")
        done = subprocess.run(command, cwd=self.here, env=self.environ, check=True, capture_output=True)
        return json.loads(done.stdout)

    @staticmethod
    def _command(*words: str) -> list[str]:
        return [sys.executable, "-m", "newsletter", *words]


def _sum_up(here: Path, run: _Runner) -> None:
    rows = []
    for slug in _AUDIENCES:
        report = run.document("report", slug)
        skipped = report["skipped"]
        why = ", ".join(f"{number} {reason}" for reason, number in skipped.items())
        sent = report["deliveries"]["accepted"]
        rows.append((slug, report["planned"], sent, report["planned"] - sent, sum(skipped.values()), why))
    show.line("")
    show.table(["issue", "planned", "sent", "not sent", "skipped", "why"], rows, title="What became of it")
    mails = sorted((here / "outbox").rglob("*.eml"))
    show.line("Look at:")
    for path in (*sorted((here / "out").iterdir()), mails[0]):
        show.line(f"  {path}")
    show.line(f"  … and {show.count(len(mails) - 1, 'more mail')} beside it, one for each reader")
