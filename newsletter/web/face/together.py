"""Whoever asks while the database is busy is served by the next transaction, together with all others."""

import asyncio
from collections.abc import Callable, Collection

from fastapi.concurrency import run_in_threadpool

#: at once; nobody waits longer than for two transactions of so many
_MOST = 500


class Together:
    def __init__(self, act: Callable[[Collection[bytes]], None]) -> None:
        """:param act: does it for all of them, in one transaction"""
        self._act = act
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._at_work: asyncio.Task[None] | None = None

    async def ask(self, key: bytes) -> None:
        """It has been done, and lasts, when this returns."""
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, asked))
        if self._at_work is None or self._at_work.done():
            self._at_work = asyncio.create_task(self._work())
        await asked

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            await self._serve(batch)

    async def _serve(self, batch: "list[tuple[bytes, asyncio.Future[None]]]") -> None:
        failed: Exception | None = None
        try:
            await run_in_threadpool(self._act, {key for key, _ in batch})
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            failed = error
        for _, asked in batch:
            if asked.done():
                continue  # they have hung up
            if failed:
                asked.set_exception(failed)
            else:
                asked.set_result(None)
