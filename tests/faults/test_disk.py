"""A ledger that cannot be written: nothing leaves that could not be noted, and all is well once there is room."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat
from pathlib import Path

import pytest

from newsletter.errors import StoreError
from newsletter.mailing.sending import send_mailing
from newsletter.store import Store, open_store
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
    address = f"sqlite:///{small_disk / 'newsletter.db'}"
    with a_sink(tmp_path) as (port, truth):
        with open_store(address) as store:
            fail_while_it_sends(store, port, lambda: fill(small_disk))
        make_room(small_disk)
        with open_store(address) as store:
            finish(store, repeat(by_smtp(port, CONNECTIONS)))
    # what was on the wire when the ledger failed has an answer that nobody could note
    found = insist_that_all_is_accounted_for(address, received(truth), most_unknown=CONNECTIONS)
    assert sum(found.values()) == READERS


def test_a_disk_that_fails_to_write(tmp_path: Path, planned: Path) -> None:
    """Beyond a process's limit for files a write fails as on a broken disk: SQLite calls it an input/output error."""
    path = tmp_path / "newsletter.db"
    shutil.copyfile(planned, path)
    address, before = f"sqlite:///{path}", resource.getrlimit(resource.RLIMIT_FSIZE)
    with a_sink(tmp_path) as (port, truth):
        try:
            with open_store(address) as store:
                fail_while_it_sends(store, port, lambda: let_no_file_grow(path.with_name("newsletter.db-wal")))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        with open_store(address) as store:
            finish(store, repeat(by_smtp(port, CONNECTIONS)))
    found = insist_that_all_is_accounted_for(address, received(truth), most_unknown=CONNECTIONS)
    assert sum(found.values()) == READERS


def test_a_store_on_a_disk_that_can_only_be_read(tmp_path: Path, small_disk: Path) -> None:
    address = f"sqlite:///{small_disk / 'newsletter.db'}"
    with a_sink(tmp_path) as (port, truth):
        remount(small_disk, "ro")
        with (
            pytest.raises(StoreError, match=r"database cannot be (written|opened)") as caught,
            open_store(address) as store,
        ):
            list(send_mailing(store, store.mailings.recent(1)[0], terms_for(by_smtp(port, CONNECTIONS))))
        assert len(caught.value.findings) == 1
        assert not received(truth)
        remount(small_disk, "rw,size=1g")
        with open_store(address) as store:
            finish(store, repeat(by_smtp(port, CONNECTIONS)))
    found = insist_that_all_is_accounted_for(address, received(truth), most_unknown=0)
    assert sum(found.values()) == READERS


@contextmanager
def a_sink(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Its port, and where it notes what it took."""
    truth = tmp_path / "truth"
    with subprocess.Popen([sys.executable, "-m", "tests.sink", str(truth)], stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert sink.stdout
            yield int(sink.stdout.readline()), truth
        finally:
            sink.terminate()


def fail_while_it_sends(store: Store, port: int, fault: Callable[[], None]) -> None:
    sending = send_mailing(store, store.mailings.recent(1)[0], terms_for(by_smtp(port, CONNECTIONS)))
    next(sending)
    fault()
    with pytest.raises(StoreError, match="disk") as caught:
        for _ in sending:
            pass
    assert len(caught.value.findings) == 1


def let_no_file_grow(log: Path) -> None:
    """Beyond what the ledger's log has now, and a little more."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 4096, most))


def fill(disk: Path) -> None:
    """To the last byte."""
    with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


def make_room(disk: Path) -> None:
    (disk / "ballast").unlink(missing_ok=True)
    remount(disk, "size=1g")


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)
