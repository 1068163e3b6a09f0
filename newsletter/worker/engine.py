"""
Procrastinate, which hands nudges to workers: no word of it is needed to know what is to be done.

Its tables lie in a schema of the database whose name holds its version. So two versions of it work side by side while a
team brings its machines up to date, and nothing has ever to be migrated.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING, Any

from newsletter.errors import AwayError, SettingsError
from newsletter.logline import Log
from newsletter.store import Store

if TYPE_CHECKING:
    import procrastinate

#: seconds between two looks at what is to be done
_LOOK = 1.0
#: seconds between two signs of life of a worker, and after how many without one its nudges are handed to others
_HEARTBEAT, _STALLED = 5.0, 20.0
#: seconds until the engine is started anew when it has lost its database
_PAUSE = 1.0
_TICK = 0.1


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Runs a worker's two duties until it is told to stop."""

    store: Store
    #: told the mailing of a nudge
    send: Callable[[int], None]
    #: by mailing, how many nudges there should be
    tend: Callable[[], Mapping[int, int]]
    should_stop: Callable[[], bool]
    log: Log
    #: a look goes on in its thread when the engine is started anew; the next one waits for it
    _turn: Lock = field(default_factory=Lock, init=False)

    def run(self, *, once: bool = False) -> None:
        """
        :param once: end when nothing is left to do
        :raises SettingsError: procrastinate is not installed
        """
        asyncio.run(self._run(once=once))

    async def _run(self, *, once: bool) -> None:
        # They tell of a database that is away by tracebacks; we do it in a line.
        for name in ("procrastinate", "psycopg", "psycopg.pool"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        asyncio.get_running_loop().set_exception_handler(lambda _, told: self._lost(told.get("exception")))
        is_over = False
        while not (is_over or self.should_stop()):
            try:
                app = self._app()
                async with app.open_async():
                    is_over = await self._serve(app, once=once)
            except _losses() as error:
                self._lost(error)
                await asyncio.sleep(_PAUSE)

    def _lost(self, error: object) -> None:
        self.log("engine-lost", why=type(error).__name__)

    async def _serve(self, app: "procrastinate.App", *, once: bool) -> bool:
        """Until it is told to stop, or nothing is left to do; False when the engine has stopped by itself."""
        working = asyncio.create_task(app.run_worker_async(**_WORKING))
        tending = asyncio.create_task(self._tending(app, once=once))
        try:
            while not (working.done() or tending.done() or self.should_stop()):
                await asyncio.sleep(_TICK)
            return self.should_stop() or (tending.done() and tending.result())
        finally:
            # A batch that is under way ends in order.
            for task in (tending, working):
                task.cancel()
            for found in await asyncio.gather(working, tending, return_exceptions=True):
                if isinstance(found, Exception):
                    raise found

    async def _tending(self, app: "procrastinate.App", *, once: bool) -> bool:
        looks = 0
        while True:
            wanted = await asyncio.to_thread(self._tend)
            queues = {queue["name"]: queue for queue in await app.job_manager.list_queues_async()}
            for mailing_id, batches in wanted.items():
                queue = queues.get(_queue(mailing_id), {})
                await _nudge(app, mailing_id, batches - queue.get("todo", 0))
            if looks % _HEARTBEAT == 0:
                await _hand_on_stalled(app)
            if once and not any(wanted.values()) and not any(queue["doing"] for queue in queues.values()):
                return True
            looks += 1
            await asyncio.sleep(_LOOK)

    def _tend(self) -> Mapping[int, int]:
        with self._turn:
            return self.tend()

    def _app(self) -> "procrastinate.App":
        try:
            import procrastinate
        except ImportError:
            raise SettingsError(
                "a worker on PostgreSQL needs procrastinate, which is not here",
                fix="pip install 'newsletter[postgresql]'",
            ) from None
        schema = f"newsletter_jobs_{version('procrastinate').replace('.', '_')}"
        address = self.store.workers.room_for_engine(schema, procrastinate.schema.SchemaManager.get_schema())
        connector = procrastinate.PsycopgConnector(
            conninfo=address, kwargs={"options": f"-c search_path={schema}"}, min_size=1, max_size=4
        )
        app = procrastinate.App(connector=connector)
        app.task(name=_TASK)(self._nudged)
        return app

    def _nudged(self, mailing_id: int) -> None:
        self.send(mailing_id)


_TASK = "send-batch"
_WORKING: dict[str, Any] = {
    "concurrency": 1,
    "fetch_job_polling_interval": _LOOK,
    "update_heartbeat_interval": _HEARTBEAT,
    "stalled_worker_timeout": _STALLED,
    "delete_jobs": "always",
    "install_signal_handlers": False,
}


def _losses() -> tuple[type[Exception], ...]:
    """What is raised when the database is away, or has no room for the engine's connections."""
    try:
        from procrastinate.exceptions import ConnectorException
        from psycopg_pool import PoolTimeout
    except ImportError:
        return (AwayError,)
    return ConnectorException, PoolTimeout, AwayError


def _queue(mailing_id: int) -> str:
    return f"mailing-{mailing_id}"


async def _nudge(app: "procrastinate.App", mailing_id: int, count: int) -> None:
    if count > 0:
        task = app.configure_task(_TASK, queue=_queue(mailing_id))
        said: procrastinate.types.JSONDict = {"mailing_id": mailing_id}
        await task.batch_defer_async(*[said] * count)


async def _hand_on_stalled(app: "procrastinate.App") -> None:
    """Nudges of workers that died at them."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED):
        await app.job_manager.retry_job(job)
