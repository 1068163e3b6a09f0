"""
Do a piece of work in a process of its own, with limits on time and memory, so that its end is not ours.

A warm child that has a single thread and everything imported forks once for each piece: a limit on processor time
counts the whole life of a process, and a fork is cheap where a start is not.
"""

import atexit
import contextlib
import json
import os
import pickle
import select
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import IO, Any

from newsletter.errors import NewsletterError

#: seconds until the warm child must have answered; a piece of work ends long before (`child.WALL_SECONDS`)
_ANSWER_SECONDS = 30
_LENGTH = struct.Struct("!BI")


class FenceError(NewsletterError):
    """The work ended badly: it crashed, took too long or wanted too much memory."""


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    owner: int
    requests: IO[bytes]
    answers: IO[bytes]


@dataclass(slots=True)
class _Fence:
    lock: threading.RLock = field(default_factory=threading.RLock)
    child: _Child | None = None


_fence = _Fence()


def warm_up(work: str) -> None:
    """
    Start the child, which does `work` ("module:function") at once, outside of any limit, for what it imports.

    Returns without waiting for it.
    """
    with _fence.lock:
        if _fence.child is None or _fence.child.owner != os.getpid():
            _ask(_started(), (work, None, ""))


def fenced(work: str, given: Any, *, key: str = "") -> Any:
    """
    What `work(given)` returns; `given` can be pickled, and the result is plain (JSON).

    :param work: "module:function", so that only the child has to import it
    :param key: work with the same key shares what it may remember: once it has gone well behind the fence, the warm
        child does it too, so that the next fork finds caches filled
    :raises FenceError: it crashed, took too long or wanted too much memory; in a few words
    """
    with _fence.lock:
        try:
            said, content = _asked((work, given, key))
        except (OSError, EOFError):
            # it may have died of what it remembers; a new one remembers nothing
            stop()
            said, content = _asked_anew((work, given, key))
    if said:
        raise FenceError(content.decode())
    return json.loads(content)


def stop() -> None:
    """End the child; the next piece of work starts another one."""
    with _fence.lock:
        child, _fence.child = _fence.child, None
        if child is None or child.owner != os.getpid():
            return
        child.process.kill()
        child.process.wait()
        with contextlib.suppress(OSError):  # what was still to be written
            child.requests.close()
        child.answers.close()


def _asked(request: Any) -> tuple[int, bytes]:
    return _answer(_ask(_running(), request))


def _asked_anew(request: Any) -> tuple[int, bytes]:
    try:
        return _asked(request)
    except (OSError, EOFError) as error:
        stop()
        raise FenceError("ends the process that compiles it") from error


def _running() -> _Child:
    child = _fence.child
    return child if child is not None and child.owner == os.getpid() else _started()


def _started() -> _Child:
    """With the import path of this process and no other, whatever lies in the folder one stands in."""
    if _fence.child is None:
        atexit.register(stop)
    begin = f"import sys; sys.path[:] = {sys.path!r}; from newsletter.fence.child import main; main()"
    process = subprocess.Popen([sys.executable, "-I", "-c", begin], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None  # noqa: S101 (both are pipes)
    assert process.stdout is not None  # noqa: S101
    _fence.child = _Child(process, os.getpid(), process.stdin, process.stdout)
    return _fence.child


def _ask(child: _Child, request: Any) -> _Child:
    content = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
    child.requests.write(struct.pack("!I", len(content)) + content)
    child.requests.flush()
    return child


def _answer(child: _Child) -> tuple[int, bytes]:
    ends_at = time.monotonic() + _ANSWER_SECONDS
    said, length = _LENGTH.unpack(_read(child, _LENGTH.size, ends_at))
    return said, _read(child, length, ends_at)


def _read(child: _Child, length: int, ends_at: float) -> bytes:
    content = bytearray()
    while len(content) < length:
        if not select.select([child.answers], [], [], max(0.0, ends_at - time.monotonic()))[0]:
            raise EOFError
        found = os.read(child.answers.fileno(), length - len(content))
        if not found:
            raise EOFError
        content += found
    return bytes(content)
