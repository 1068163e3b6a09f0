"""Run the web face until somebody stops it."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from newsletter.errors import RefusedError
from newsletter.joining.answering import Answering
from newsletter.web.face.app import guarded
from newsletter.web.face.errands import Errands
from newsletter.web.face.visits import House


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def run_face(house: House, *, answering: Answering, host: str, port: int, ready: Callable[[str], None]) -> None:
    """
    Returns when it was stopped, and whoever was being answered has their answer.

    :param port: 0 for any free one
    :param ready: told the address
    :raises RefusedError: the port is taken
    """
    try:
        bound = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise RefusedError(
            f"{host}:{port} cannot be used ({why})", fix="name another with --host and --port"
        ) from error
    with bound:
        # Handed down to every connection; else an answer's end waits 40 ms for word that its beginning has arrived.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = f"http://{host}:{bound.getsockname()[1]}"
        # uvicorn ends everything in order, and then hands the signal on
        with suppress(KeyboardInterrupt), Errands(house, answering):
            _Server(_config(house), lambda: ready(address)).run(sockets=[bound])


def _config(house: House) -> uvicorn.Config:
    return uvicorn.Config(
        guarded(house),
        log_level="error",
        # addresses of requests hold tokens
        access_log=False,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
