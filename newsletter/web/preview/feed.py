"""Tell every open page that there is something new, over Server-Sent Events."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any


class Feed:
    """Told from any thread, heard in the event loop. Who is slow hears the latest word only."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[asyncio.Queue[dict[str, Any] | None]] = set()
        self._closed = False

    def tell(self, word: dict[str, Any]) -> None:
        self._from_anywhere(word)

    def close(self) -> None:
        """Ends every stream, so that the server can stop."""
        self._closed = True
        self._from_anywhere(None)

    def _from_anywhere(self, word: dict[str, Any] | None) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread, word)

    def _spread(self, word: dict[str, Any] | None) -> None:
        for listener in self._listeners:
            if not listener.empty():
                listener.get_nowait()
            listener.put_nowait(word)

    async def listen(self, first: dict[str, Any]) -> AsyncIterator[str]:
        """The stream of one page; it begins with how things stand."""
        self._loop = asyncio.get_running_loop()
        listener: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(1)
        self._listeners.add(listener)
        try:
            word: dict[str, Any] | None = first
            while word is not None and not self._closed:
                yield f"data: {json.dumps(word)}\n\n"
                word = await listener.get()
            yield "event: closed\ndata: {}\n\n"
        finally:
            self._listeners.discard(listener)
