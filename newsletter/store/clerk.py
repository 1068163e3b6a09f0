"""Who writes in the ledger while letters leave."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from newsletter.store.database import Database

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


def clerk_of(database: Database) -> Executor:
    """One thread, so that its transactions keep their order. A database in memory has one connection, and so none."""
    return ThreadPoolExecutor(1, thread_name_prefix="ledger") if database.path or database.is_shared else _AtOnce()


class _AtOnce(Executor):
    def submit(self, work: Callable[_Given, _Found], /, *args: _Given.args, **named: _Given.kwargs) -> Future[_Found]:
        done: Future[_Found] = Future()
        done.set_result(work(*args, **named))
        return done
