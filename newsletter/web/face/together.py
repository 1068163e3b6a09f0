"""Whoever asks while the database is busy is served by the next transaction, together with all others."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from fastapi.concurrency import run_in_threadpool

#: at once; nobody waits longer than for two transactions of so many
_MOST = 500

Wish = TypeVar("Wish")
Reply = TypeVar("Reply")


class Together(Generic[Wish, Reply]):
    def __init__(self, act: Callable[[Sequence[Wish]], Sequence[Reply]]) -> None:
        """:param act: does it for all of them, in one transaction; a reply for each"""
        self._act = act
        self._waiting: list[tuple[Wish, asyncio.Future[Reply]]] = []
        self._at_work: asyncio.Task[None] | None = None

    async def ask(self, wish: Wish) -> Reply:
        """It has been done, and lasts, when this returns."""
        asked: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((wish, asked))
        if self._at_work is None or self._at_work.done():
            self._at_work = asyncio.create_task(self._work())
        return await asked

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            await self._serve(batch)

    async def _serve(self, batch: "list[tuple[Wish, asyncio.Future[Reply]]]") -> None:
        try:
            replies = await run_in_threadpool(self._act, [wish for wish, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for _, asked in batch:
                # else they have hung up
                if not asked.done():
                    asked.set_exception(error)
            return
        for (_, asked), reply in zip(batch, replies, strict=True):
            if not asked.done():
                asked.set_result(reply)
