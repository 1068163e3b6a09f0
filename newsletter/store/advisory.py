"""Advisory locks of PostgreSQL: whose turn it is to write and to claim, who sends a mailing, who leads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from newsletter.errors import RefusedError

#: the first word of our advisory locks; the second says which of them
_LOCKS = 0x6E65_7773
_WRITERS = 0
#: likewise, of issues: one claims at a time, so that no reader gets an issue by two mailings
_ISSUES = _LOCKS + 1
#: likewise, of plans
_PLANS = _LOCKS + 2
#: until the server gives up whoever writes and says nothing more
_NOBODY_SLEEPS = "set_config('idle_in_transaction_session_timeout', '60s', true)"
#: likewise, of whoever writes `together` with others, and computes nothing in between: what they hold, all wait for
_NOBODY_DOZES = "set_config('idle_in_transaction_session_timeout', '15s', true)"
#: likewise, in the midst of many rows (PostgreSQL 17, section 19.11.1)
_NOBODY_LINGERS, _SINCE = "set_config('transaction_timeout', '60s', true)", (17,)
#: seconds until it gives up a leader who does not ask
_LEADERS_SILENCE = 15


def begin(connection: sa.Connection, writing: str | None) -> None:
    """
    Whoever writes waits for their turn, as with SQLite: what was read is still so when it is acted upon.

    Those who write `together` keep out of each other's rows, so only the others have to wait for them.
    """
    if writing == "plan":
        # It has had its turn already.
        connection.exec_driver_sql(f"SELECT {_NOBODY_SLEEPS}")
    elif writing:
        is_shared = writing == "together"
        lock = f"pg_advisory_xact_lock{'_shared' if is_shared else ''}({_LOCKS}, {_WRITERS})"
        is_brief = is_shared and (connection.dialect.server_version_info or ()) >= _SINCE
        limits = f"{_NOBODY_DOZES if is_shared else _NOBODY_SLEEPS}{f', {_NOBODY_LINGERS}' if is_brief else ''}"
        connection.exec_driver_sql(f"SELECT {lock}, {limits}")


def in_turn(connection: sa.Connection, mailing_id: int) -> None:
    issue = "hashtext(newsletter || '/' || slug)"
    told = sa.text(f"SELECT pg_advisory_xact_lock({_ISSUES}, {issue}) FROM mailings WHERE id = :id")  # noqa: S608
    connection.execute(told, {"id": mailing_id})


@contextmanager
def planning(connection: sa.Connection) -> Iterator[None]:
    """Before the transaction begins: what that sees is settled by its first statement, be it one that waits."""
    held = f"({_PLANS}, 0)"
    try:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock{held}")
        connection.commit()
        yield
    finally:
        # It went with the server, or with the connection, when there is none any more.
        with suppress(sa.exc.DBAPIError):
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock{held}")
            connection.commit()


def keep_plans_out(connection: sa.Connection) -> bool:
    return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_PLANS}, 0)").scalar())


@contextmanager
def held(engine: sa.Engine, number: int, *, otherwise: RefusedError, is_shared: bool) -> Iterator[None]:
    """
    Hold that number as long as the server and the connection live.

    :raises RefusedError: somebody holds it in a way that keeps us out
    """
    how, this = "_shared" if is_shared else "", f"({_LOCKS}, {number})"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock{how}{this}").scalar():
            raise otherwise
        try:
            yield
        finally:
            # It went with the server, or with the connection, when there is none any more.
            with suppress(sa.exc.DBAPIError):
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock{how}{this}")


@contextmanager
def leading(engine: sa.Engine, number: int, *, otherwise: RefusedError) -> Iterator[Callable[[], None]]:
    """
    The same for long; lost by whoever does not ask for some seconds, be it that they sleep or that the line is cut.

    :return: asks
    :raises RefusedError: somebody else holds it
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_LOCKS}, {number})").scalar():
            raise otherwise
        try:
            connection.exec_driver_sql(f"SET idle_session_timeout = '{_LEADERS_SILENCE}s'")
            yield lambda: connection.exec_driver_sql("SELECT 1").close()
        finally:
            # Closed, and the lock and its clock with it.
            connection.invalidate()
