"""The units for systemd in docs/: they are sound, give little away, and what they start runs and ends as they say."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.store import open_store
from tests import postgres
from tests.integration.at_work import AtWork, environ
from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE
from tests.smtpd import Manners, free_port, smtp_server

UNITS = Path(__file__).parents[2] / "docs" / "systemd"
NAMES = sorted(path.name for path in UNITS.iterdir())
SERVICES = [name for name in NAMES if name.endswith(".service")]
#: where the units look for the program, and where it is here
PROGRAM, OURS = "/opt/newsletter/bin/newsletter", str(Path(sys.executable).with_name("newsletter"))
#: `systemd-analyze security` calls everything up to 2.0 fine
MOST_EXPOSED = 1.3
READERS = 90
#: what a write to memory that is to be run costs a program with MemoryDenyWriteExecute
CONFINED = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_MDWE, PR_SET_NO_NEW_PRIVS = 65, 38
libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)
libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
os.umask(0o077)
os.execv(sys.argv[1], sys.argv[1:])
"""

Unit = Mapping[str, Sequence[str]]


def unit(name: str) -> Unit:
    """What it says, by name; a name may be said several times."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (UNITS / name).read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            word, _, value = line.partition("=")
            found[word].append(value)
    return found


def analyze(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`systemd-analyze` on units that look for the program where it is here."""
    program = shutil.which("systemd-analyze")
    if not program:
        if os.environ.get("CI") == "true":
            pytest.fail("systemd-analyze is missing; it comes with systemd")
        pytest.skip("systemd-analyze is missing; it comes with systemd")
    for name in NAMES:
        text = (UNITS / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(PROGRAM, OURS), encoding="utf-8")
    # It reads units of the folder that it is called in by their paths alone.
    return subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    names = [name.replace("@.", "@1.") for name in NAMES]
    found = analyze(tmp_path, "verify", "--man=no", *(f"./{name}" for name in names))
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_systemd_would_see_what_is_wrong(tmp_path: Path) -> None:
    analyze(tmp_path, "--version")
    spoilt = (tmp_path / "newsletter-web.service").read_text().replace("RestartSec=", "RestartSecs=")
    (tmp_path / "spoilt.service").write_text(spoilt)
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "./spoilt.service"], cwd=tmp_path, capture_output=True, check=False
    )
    assert b"RestartSecs" in found.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_they_give_little_away(tmp_path: Path, name: str) -> None:
    said = analyze(tmp_path, "security", "--offline=true", f"./{name}").stdout
    (level,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert float(level) <= MOST_EXPOSED, said


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_stands_in_a_unit(name: str) -> None:
    text = (UNITS / name).read_text(encoding="utf-8")
    assert not re.search(r"(KEY|PASSWORD|TOKEN|SECRET)\w*=", text)
    assert all(value in ("PGDATABASE=newsletter",) for value in unit(name)["Environment"])


@pytest.mark.parametrize("name", SERVICES)
def test_each_works_in_the_folder_that_outlives_it(name: str) -> None:
    told = unit(name)
    assert told["StateDirectory"][0].split()[0] == "newsletter"
    assert told["WorkingDirectory"] == ["%S/newsletter"]
    assert told["ProtectSystem"] == ["strict"]


def test_there_is_more_time_to_end_than_the_slowest_provider_takes(tmp_path: Path) -> None:
    seconds = int(unit("newsletter-worker@.service")["TimeoutStopSec"][0])
    from newsletter.settings import Settings

    a_step = Settings.model_fields["smtp_timeout"].default
    # MAIL, RCPT, DATA and the message itself are answered one by one; then what came of it is written down.
    assert seconds > 4 * a_step + 15


@contextmanager
def run_as_said(name: str, folder: Path, instance: str, *more: str, smtp_port: int, url: str = "") -> Iterator[AtWork]:
    """What the unit starts, with nothing but what systemd would give it; the rest of the machine is read-only."""
    (started,) = unit(name)["ExecStart"]
    words = [*started.replace("%i", instance).replace("--port 8000", f"--port {free_port()}").split(), *more]
    assert words[0] == PROGRAM
    slowly = {"NEWSLETTER_RATE": "30/second"}
    named = {"NEWSLETTER_DATABASE_URL": url} if url else {}
    found = environ(folder, smtp_port, **slowly, **named)
    kept = {word: value for word, value in found.items() if word.startswith("NEWSLETTER_")}
    # Settings come from `.env` in the folder, as with systemd.
    (folder / ".env").write_text("".join(f"{word}='{value}'\n" for word, value in kept.items()))
    (folder / ".env").chmod(0o600)
    log = folder.with_name(f"{folder.name}-{instance}.log")
    with log.open("a", encoding="utf-8") as said:
        process: subprocess.Popen[str] = subprocess.Popen(
            [*_read_only(folder), sys.executable, "-c", CONFINED, OURS, *words[1:]],
            cwd=folder,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8"},
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        yield AtWork(process, log)
    finally:
        process.kill()
        process.wait()


def _read_only(folder: Path) -> list[str]:
    """
    As ProtectSystem=strict and CapabilityBoundingSet= do it; nothing, where that may not be done here.

    One right is left: the tests' server has its socket in a folder of another user.
    """
    rights = "setpriv --bounding-set=-all,+dac_override"
    confine = f'mount --bind "$0" "$0" && mount -o remount,bind,ro / && cd "$0" && exec {rights} "$@"'
    words = ["unshare", "--mount", "sh", "-ec", confine, str(folder)]
    tried = subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if os.geteuid() == 0 and tried.returncode == 0 else []


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The folder that systemd would make."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


def test_what_the_web_unit_starts_answers_and_ends_in_order(state: Path) -> None:
    with run_as_said("newsletter-web.service", state, "1", smtp_port=1) as web:
        web.wait_until(lambda: "http://127.0.0.1:" in web.said)
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+", web.said)
        with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:  # noqa: S310 - our own
            assert answer.status == 200
        code = web.ended(signal.SIGTERM)
    assert code == 0
    assert "The pages are no longer served." in web.said
    assert {path.stat().st_mode & 0o077 for path in state.iterdir() if path.name.startswith("newsletter.db")} == {0}


@pytest.fixture
def planned(command: Command, tmp_path: Path) -> Iterator[str]:
    """A mailing on PostgreSQL whose time has come."""
    url = postgres.empty_for(tmp_path)
    on = {"NEWSLETTER_DATABASE_URL": url}
    addresses = [f"reader{number}@example.com" for number in range(READERS)]
    (tmp_path / "readers.csv").write_text("\n".join(["email", *addresses]), encoding="utf-8")
    consent = ("--consent-basis", "asked by mail", "--consent-on", "2026-03-01")
    assert command("subscribers", "import", "readers.csv", "-n", "china-team", "--yes", *consent, **on).code == 0
    assert command("plan", NOTE, "-s", "everyone", **on).code == 0
    yield url
    postgres.drop_for(tmp_path)


@pytest.mark.parametrize(("instance", "number"), [("7", signal.SIGTERM), ("8", signal.SIGKILL)])
def test_what_the_worker_unit_starts_sends_is_stopped_and_goes_on(
    state: Path, planned: str, instance: str, number: signal.Signals
) -> None:
    manners = Manners()
    with open_store(planned) as store, smtp_server(manners) as port:
        # Nobody serves the pages here, whom whoever sends would ask first.
        its = ("newsletter-worker@.service", state, instance, "--skip-link-check", "--poll", "0.2")
        store.mailings.schedule(1, datetime.now(UTC), transport="smtp", actor="mei", now=datetime.now(UTC))
        with run_as_said(*its, smtp_port=port, url=planned) as worker:
            worker.wait_for(manners, 20)
            assert list(state.glob("*.flight")), "the recorder lies in the folder that outlives the worker"
            code = worker.ended(number)
        stopped = len(manners.arrived)
        with run_as_said(*its, smtp_port=port, url=planned) as worker:
            worker.wait_until(lambda: "status=sent" in worker.said)
            with urllib.request.urlopen(f"http://127.0.0.1:910{instance}/metrics", timeout=5) as answer:
                assert b"newsletter_messages_total" in answer.read()
            assert worker.ended(signal.SIGTERM) == 0
        counts = {str(state): count for state, count in store.mailings.counts(1).items() if count}

    assert code == (0 if number is signal.SIGTERM else -signal.SIGKILL)
    assert stopped < READERS
    assert set(Counter(mail.recipient for mail in manners.arrived).values()) == {1}
    assert counts["accepted"] + counts.get("unknown", 0) == READERS
    assert counts.get("unknown", 0) <= (0 if number is signal.SIGTERM else 4), "at most one for each connection"
