"""
The warm child: reads pieces of work, forks for each, and passes on how the fork ended.

A request is a length and a pickle, and comes from our own parent only; an answer is a byte (0: done), a length and the
content. What a fork sends back is never unpickled.
"""

import contextlib
import gc
import json
import os
import pickle
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import IO, Any

CPU_SECONDS = 3
#: work that only waits ends here; work that computes may have to share its core with others
WALL_SECONDS = 10
MEMORY_BYTES = 512 << 20
RESULT_BYTES = 16 << 20
_KEYS = 16
_DONE, _FAILED = 0, 1
_TOO_LARGE = f"wants more than {MEMORY_BYTES >> 20} MiB of memory"


def main() -> None:
    """Serve until the parent closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.dup(1)
    # what a library prints must not get between the answers
    os.dup2(2, 1)
    remembered: list[str] = []
    gc.disable()
    while request := _request(requests):
        name, given, key = request
        work = _work(name)
        if given is None:
            _quietly(work)
            gc.freeze()
            continue
        said, content = _forked(work, given, answers)
        _write(answers, struct.pack("!BI", said, len(content)) + content)
        if said == _DONE and key and key not in remembered:
            remembered[:] = [*remembered[1 - _KEYS :], key]
            _quietly(work, given)
            gc.collect()
            # a fork copies every page that a look at reference cycles would touch
            gc.freeze()


def _request(requests: IO[bytes]) -> Any:
    head = requests.read(4)
    return pickle.loads(requests.read(struct.unpack("!I", head)[0])) if len(head) == 4 else None  # noqa: S301


def _work(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found


def _quietly(work: Callable[..., Any], *given: Any) -> None:
    """For what it leaves in caches; how it ends does not matter here."""
    with contextlib.suppress(Exception):
        work(*given)


def _write(to: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(to, view) :]


def _forked(work: Callable[[Any], Any], given: Any, answers: int) -> tuple[int, bytes]:
    source, to = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        os.close(answers)
        _do(work, given, to)
    os.close(to)
    content = _collected(source, child)
    os.close(source)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return _FAILED, _ended_by(os.WTERMSIG(status)).encode()
    return (_FAILED if os.WEXITSTATUS(status) else _DONE), content


def _do(work: Callable[[Any], Any], given: Any, to: int) -> None:
    """In the fork: never returns."""
    code = _DONE
    try:
        _limit()
        content = json.dumps(work(given), ensure_ascii=False).encode()
    except MemoryError:
        code, content = _FAILED, _TOO_LARGE.encode()
    except BaseException as error:  # noqa: BLE001 - whatever it is, it ends here, and its name is told
        code, content = _FAILED, f"ends in {type(error).__name__}".encode()
    try:
        _write(to, content)
    finally:
        os._exit(code)


def _limit() -> None:
    for kind, limit in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))


def _collected(source: int, child: int) -> bytes:
    """All that the fork writes until it ends; it is ended when it waits, or writes, for too long."""
    content = bytearray()
    ends_at = time.monotonic() + WALL_SECONDS
    while select.select([source], [], [], max(0.0, ends_at - time.monotonic()))[0]:
        found = os.read(source, 1 << 20)
        content += found
        if not found:
            return bytes(content)
        if len(content) > RESULT_BYTES:
            break
    os.kill(child, signal.SIGKILL if len(content) <= RESULT_BYTES else signal.SIGTERM)
    return b""


def _ended_by(number: int) -> str:
    if number == signal.SIGTERM:
        return f"yields more than {RESULT_BYTES >> 20} MiB"
    if number in (signal.SIGKILL, signal.SIGXCPU):
        return f"takes longer than {CPU_SECONDS} seconds"
    return f"crashes ({signal.Signals(number).name})"


if __name__ == "__main__":
    sys.exit("this is started by newsletter.fence")
