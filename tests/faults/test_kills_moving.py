"""A move is killed at random instants, again and again; sometimes somebody leaves in between."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.errors import StoreError
from newsletter.store import open_store
from tests import postgres
from tests.builders import NOW
from tests.faults.truth import say
from tests.integration.conftest import SETTINGS
from tests.integration.test_moving import everything, insist_same

IS_FULL = os.environ.get("NEWSLETTER_FAULTS") == "full"
READERS = 20_000 if IS_FULL else 3_000
#: of each of four kinds
KILLS = 50 if IS_FULL else 5


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("planned") / "newsletter.db"
    subprocess.run([sys.executable, "-m", "benchmarks.planned", f"sqlite:///{path}", str(READERS)], check=True)
    return path


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    yield postgres.empty_for(tmp_path)
    postgres.drop_for(tmp_path)


def moving(folder: Path, target: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "newsletter", "migrate-store", "sqlite:///newsletter.db", target, "--yes"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    # NEWSLETTER_FAULTS is a word of ours, and no setting.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    return subprocess.Popen(command, cwd=folder, env=kept | SETTINGS, **quiet)  # type: ignore[call-overload,no-any-return]


def usable(*addresses: str) -> list[bool]:
    found = []
    for address in addresses:
        try:
            open_store(address).close()
        except StoreError:
            found.append(False)
        else:
            found.append(True)
    return found


def leave(address: str, chance: random.Random) -> None:
    """Somebody's no: it must be on the other side in the end."""
    with open_store(address) as store:
        newsletter = store.readers.newsletters()[0]
        (reader,) = store.readers.find(f"reader{chance.randrange(READERS)}@example.com", newsletter)
        store.linked.leave({reader.public_id}, actor="reader", now=NOW)


@pytest.mark.parametrize("changes", [0.0, 0.3], ids=["untouched", "with readers who leave"])
@pytest.mark.parametrize("kind", ["to-postgresql", "to-sqlite"])
def test_after_kills_at_random_instants_everything_is_at_one_place(
    tmp_path: Path, planned: Path, url: str, kind: str, changes: float
) -> None:
    chance = random.Random(f"{kind} {changes}")
    source = f"sqlite:///{tmp_path / 'newsletter.db'}"
    target = url if kind == "to-postgresql" else f"sqlite:///{tmp_path / 'target.db'}"
    kills = ends = 0
    lasts = 0.0
    while kills < KILLS or not ends:
        _begin_anew(tmp_path, planned)
        before = everything(source)
        is_moved = False
        while not is_moved:
            began = time.monotonic()
            with moving(tmp_path, target) as process:
                if kills < KILLS and lasts:
                    time.sleep(chance.uniform(0.3, 0.95) * lasts)
                    kills += process.poll() is None
                    process.kill()
            if process.returncode == 0:
                lasts = min(lasts, time.monotonic() - began) if lasts else time.monotonic() - began
            old, new = usable(source, target) if _is_there(target) else (True, False)
            assert not (old and new)
            is_moved = new
            if old and chance.random() < changes:
                leave(source, chance)
                before = everything(source)
            assert process.returncode == 0 or kills
        insist_same(before, target)
        ends += 1
        _drop(tmp_path, target)
    say(f"{kind}: {kills} kills, {ends} moves")


def _begin_anew(folder: Path, planned: Path) -> None:
    for path in folder.glob("newsletter.db*"):
        path.unlink()
    shutil.copyfile(planned, folder / "newsletter.db")


def _is_there(target: str) -> bool:
    """Opening an address that holds nothing would make a store there."""
    from newsletter.store.looking import look

    try:
        return look(target).version is not None
    except StoreError:
        return True


def _drop(folder: Path, target: str) -> None:
    if target.startswith("sqlite"):
        for path in folder.glob("target.db*"):
            path.unlink()
    else:
        postgres.drop_for(folder)
        postgres.empty_for(folder)
