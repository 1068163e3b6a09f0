"""A ledger that cannot be written: nothing leaves that could not be noted, and all is well once there is room."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import repeat
from pathlib import Path

import pytest

from newsletter.errors import StoreError
from newsletter.mailing.sending import send_mailing
from newsletter.store import open_store
from tests.faults.truth import by_smtp, finish, insist_that_all_is_accounted_for, received, terms_for

READERS = 2_000
CONNECTIONS = 4
#: MiB beyond the planned store's own size
ROOM = 1


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("planned") / "newsletter.db"
    subprocess.run([sys.executable, "-m", "benchmarks.planned", f"sqlite:///{path}", str(READERS)], check=True)
    return path


@pytest.fixture
def small_disk(tmp_path: Path, planned: Path) -> Iterator[Path]:
    """A file system of its own, with little room beside the planned store."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = planned.stat().st_size + (ROOM << 20)
    if os.geteuid() or subprocess.run(mount(folder, f"size={size}"), capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small file system here")
    shutil.copyfile(planned, folder / "newsletter.db")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mount(folder: Path, options: str) -> list[str]:
    return ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]


def test_a_disk_that_is_full(tmp_path: Path, small_disk: Path) -> None:
    address, truth = f"sqlite:///{small_disk / 'newsletter.db'}", tmp_path / "truth"
    command = [sys.executable, "-m", "tests.sink", str(truth)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout
        port = int(sink.stdout.readline())
        with open_store(address) as store:
            mailing = store.mailings.recent(1)[0]
            sending = send_mailing(store, mailing, terms_for(by_smtp(port, CONNECTIONS)))
            next(sending)
            fill(small_disk)
            with pytest.raises(StoreError, match="disk") as caught:
                for _ in sending:
                    pass
        assert len(caught.value.findings) == 1
        make_room(small_disk)
        with open_store(address) as store:
            finish(store, repeat(by_smtp(port, CONNECTIONS)))
        sink.terminate()
    # what was on the wire when the ledger failed has an answer that nobody could note
    found = insist_that_all_is_accounted_for(address, received(truth), most_unknown=CONNECTIONS)
    assert sum(found.values()) == READERS


def fill(disk: Path) -> None:
    """To the last byte."""
    with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


def make_room(disk: Path) -> None:
    (disk / "ballast").unlink(missing_ok=True)
    subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
