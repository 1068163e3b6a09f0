"""Run the preview on loopback until somebody stops it."""

import os
import secrets
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import uvicorn

from newsletter.errors import IssueError, RefusedError
from newsletter.web.preview.app import create_app
from newsletter.web.preview.desk import Desk
from newsletter.web.preview.feed import Feed
from newsletter.web.preview.guard import Guard
from newsletter.web.preview.watching import Watch, files_behind

_LOOPBACK = "127.0.0.1"
#: faults of the command and not of the text: there is nothing to wait for
_HOPELESS = frozenset({"file", "suffix"})


class _Server(uvicorn.Server):
    """Says when it answers, and ends the pages' streams before it waits for them."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], None], feed: Feed) -> None:
        super().__init__(config)
        self._ready, self._feed = ready, feed

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._feed.close()
        super().handle_exit(sig, frame)


def run_preview(
    issue: Path,
    templates: Path | None,
    *,
    segment: str | None,
    port: int | None,
    ready: Callable[[str, str], None],
) -> None:
    """
    Returns when it was stopped.

    :param port: any free one when None
    :param ready: told the address to print, and one that opens the page once, to hand to a browser
    :raises IssueError: there is no such file
    :raises RefusedError: the port is taken
    """
    desk, feed = Desk(issue, templates, lambda: datetime.now(UTC)), Feed()
    desk.refresh()
    if any(finding.rule in _HOPELESS for finding in desk.standing.errors):
        raise IssueError(*desk.standing.errors)
    guard = Guard(create_app(desk, feed, segment=segment), secrets.token_urlsafe(24))

    def changed(settled: bool) -> bool:
        was_used = desk.refresh(settled)
        feed.tell(desk.standing.told())
        return was_used

    with _bound(port) as bound:
        root = f"http://{_LOOPBACK}:{bound.getsockname()[1]}"
        server = _Server(
            _config(guard), ready=lambda: ready(guard.page(root), f"{root}/open/{guard.ticket()}"), feed=feed
        )
        watch = Watch(lambda: files_behind(issue, templates), changed)
        watch.start()
        try:
            server.run(sockets=[bound])
        except KeyboardInterrupt:
            pass  # uvicorn has ended everything in order, and hands the signal on
        finally:
            watch.stop()


def _bound(port: int | None) -> socket.socket:
    try:
        return socket.create_server((_LOOPBACK, port or 0))
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise RefusedError(f"port {port} cannot be used ({why})", fix="name another, or leave --port away") from error


def _config(guard: Guard) -> uvicorn.Config:
    return uvicorn.Config(
        guard,
        log_level="critical",  # what goes wrong is said on the page
        access_log=False,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
