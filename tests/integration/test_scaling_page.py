"""What docs/scaling.md tells a team to type, typed: against a real server, in a workspace of its own."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.store import open_store
from newsletter.store.looking import look
from tests import postgres
from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE
from tests.integration.test_units import UNITS, unit
from tests.pages import read_page

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
OURS = str(Path(sys.executable).with_name("newsletter"))
#: what changes the machine it is typed on, by the first words after `sudo`; a command that is neither here nor run
#: below is one that nobody has tried
NOT_HERE = {
    "cd", "useradd", "python3", "/opt/newsletter/bin/pip", "apt-get", "install", "cp", "chown", "systemctl",
    "journalctl",
}  # fmt: skip
CSV = "email,name,consent_basis,consent_on\n" + "".join(
    f"reader{number}@example.com,Reader {number},signed up at the fair,2026-03-01\n" for number in range(5)
)


def typed() -> list[list[str]]:
    """The page's commands in their order, without `sudo`, which is who types."""
    found = [
        [*words] for words in read_page(PAGE).commands if words[0] not in {"newsletter", "NEWSLETTER_DATABASE_URL"}
    ]
    for words in found:
        if words[0] == "sudo":
            del words[: 3 if words[1] == "-u" else 1]
    return found


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of somebody on the machine of the server, whose own user it is that owns the database."""
    with postgres.a_server() as server:
        binaries = postgres.programs()
        host = re.findall(r"host=([^&]+)", server.get_uri())[0]
        kept = {word: value for word, value in os.environ.items() if not word.startswith(("NEWSLETTER_", "PG"))}
        yield kept | {"PATH": f"{binaries}:{os.environ['PATH']}", "PGHOST": host, "PGUSER": "postgres"}


def run(words: list[str], folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    found = [word.replace("/opt/newsletter/bin/newsletter", OURS) for word in words]
    return subprocess.run(found, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_every_command_of_the_page_is_tried_or_changes_the_machine() -> None:
    tried = {"createuser", "createdb", "/opt/newsletter/bin/newsletter", "pg_dump", "pg_restore"}
    assert {words[0] for words in typed()} == tried | NOT_HERE


def test_a_team_moves_in_and_comes_back_from_a_copy(command: Command, tmp_path: Path, programs: dict[str, str]) -> None:
    on = {"NEWSLETTER_DATABASE_URL": "postgresql:///newsletter"}
    assert f"NEWSLETTER_DATABASE_URL={on['NEWSLETTER_DATABASE_URL']}" in PAGE.read_text(encoding="utf-8")
    commands = typed()
    for words in [it for it in commands if it[0] in ("createuser", "createdb")][:2]:
        done = run(words, tmp_path, programs)
        assert (done.returncode, done.stderr) == (0, ""), shlex.join(words)

    (tmp_path / "readers.csv").write_text(CSV, encoding="utf-8")
    file = {"NEWSLETTER_DATABASE_URL": "sqlite:///newsletter.db"}
    assert command("subscribers", "import", "readers.csv", "-n", "china-team", "--yes", **file).code == 0
    sent = command("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check", "--json", **file).document
    assert sent["status"] == "sent"
    theirs = {"PGHOST": programs["PGHOST"], "PGUSER": "newsletter"} | on
    moving, *looking = [it for it in commands if it[0].endswith("/newsletter")]
    moved = command(*moving[1:], "--yes", **theirs)
    assert (moved.code, "none differs" in moved.out + moved.err) == (0, True), moved.err
    for words in looking:
        shown = command(*words[1:], **theirs)
        assert "database" not in shown.err, shlex.join(words)
        assert "sent" in shown.out or "opens and is up to date" in shown.out

    for words in [it for it in commands if it[0] in ("pg_dump", "createdb", "pg_restore")][1:]:
        done = run(words, tmp_path, programs)
        assert (done.returncode, done.stderr) == (0, ""), shlex.join(words)
    insist_the_same(programs["PGHOST"])


def insist_the_same(host: str) -> None:
    first, back = (f"postgresql://postgres@/{name}?host={host}" for name in ("newsletter", "newsletter_back"))
    assert look(first).store_id == look(back).store_id
    with open_store(first) as one, open_store(back) as other:
        assert one.mailings.counts(1) == other.mailings.counts(1)
        assert list(one.readers.stream("china-team")) == list(other.readers.stream("china-team"))
        with other._database.writing() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM deliveries")).scalar() == 5


def test_the_unit_that_copies_writes_a_copy_that_can_be_read(tmp_path: Path, programs: dict[str, str]) -> None:
    """As systemd reads its line: two dollars are one, two percent signs are one."""
    for words in (["createuser", "newsletter"], ["createdb", "--owner=newsletter", "newsletter"]):
        assert run(words, tmp_path, programs).returncode == 0
    theirs = programs | {"PGUSER": "newsletter", "PGDATABASE": "newsletter"}
    open_store(f"postgresql://newsletter@/newsletter?host={programs['PGHOST']}").close()
    (tmp_path / "copies").mkdir()
    told = unit("newsletter-copy.service")
    assert told["Environment"] == ["PGDATABASE=newsletter"]
    for line in (*told["ExecStart"], *told["ExecStartPost"]):
        done = run(shlex.split(line.replace("$$", "$").replace("%%", "%")), tmp_path, theirs)
        assert (done.returncode, done.stderr) == (0, ""), line
    (copy,) = (tmp_path / "copies").iterdir()
    assert re.fullmatch(r"newsletter-\d{4}-\d\d-\d\dT\d{6}Z\.dump", copy.name)
    listed = run(["pg_restore", "--list", str(copy)], tmp_path, theirs)
    assert "TABLE DATA public deliveries" in listed.stdout


def test_the_figures_that_the_page_names_are_there() -> None:
    """An alarm on a figure that nobody shows is no alarm."""
    from newsletter.metering import Meter

    meter = Meter()
    shown = {sample.name for family in meter.registry.collect() for sample in family.samples}
    shown |= {family.name for family in meter.registry.collect()}
    shown |= {f"{family.name}_total" for family in meter.registry.collect() if family.type == "counter"}
    page = PAGE.read_text(encoding="utf-8") + (PAGE.parent / "operator.md").read_text(encoding="utf-8")
    named = set(re.findall(r"newsletter_[a-z_]+", PAGE.read_text(encoding="utf-8"))) - {"newsletter_back"}
    assert named <= shown
    ours = {name.removeprefix("newsletter_") for name in shown if name.startswith("newsletter_")}
    told = set(re.findall(r"`([a-z_]+)`", page)) | set(re.findall(r"newsletter_([a-z_]+)", page))
    families = {family.name.removeprefix("newsletter_") for family in meter.registry.collect()} & ours
    assert all(name in told or f"{name}_total" in told for name in families)


def test_every_unit_is_installed_by_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in [path.name for path in UNITS.iterdir()]:
        assert name.removesuffix(".service").removesuffix("@") in text


def test_every_event_of_a_workers_log_is_explained() -> None:
    root = PAGE.parents[1]
    sources = [*(root / "newsletter" / "worker").glob("*.py"), root / "newsletter" / "cli" / "working.py"]
    logged = {word for path in sources for word in re.findall(r'log\("([a-z-]+)"', path.read_text(encoding="utf-8"))}
    rows = re.findall(
        r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", (PAGE.parent / "operator.md").read_text("utf-8"), re.MULTILINE
    )
    explained = {word for row in rows for word in re.findall(r"[a-z-]+", row)}
    assert {"began", "worked", "engine-lost"} <= logged <= explained
