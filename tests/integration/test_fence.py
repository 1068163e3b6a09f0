"""Work behind the fence ends in its result or in a few words, however badly it ends; we go on."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from newsletter.fence import FenceError, fenced, stop, warm_up

_remembered: list[str] = []


@pytest.fixture(autouse=True)
def new_child() -> Iterator[None]:
    stop()
    yield
    stop()


def here(work: Callable[..., Any]) -> str:
    return f"{__name__}:{work.__name__}"


def doubled(given: list[int]) -> list[int]:
    return [number * 2 for number in given]


def who(_: Any) -> list[int]:
    return [os.getppid(), os.getpid()]


def crash(_: Any) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def recurse(_: Any) -> None:
    recurse(_)


def spin(_: Any) -> None:
    while True:
        pass


def wait(_: Any) -> None:
    time.sleep(60)


def swell(_: Any) -> str:
    return "x" * (1 << 30)


def talk(_: Any) -> str:
    print("into the answers")  # noqa: T201
    return "said"


def bulk(size: int) -> str:
    return "x" * size


def leave(_: Any) -> None:
    sys.exit(7)


def end_the_warm_child(_: Any) -> None:
    os.kill(os.getppid(), signal.SIGKILL)


def remember(word: str) -> list[str]:
    _remembered.append(word)
    return list(_remembered)


def get_ready() -> None:
    _remembered.append("ready")


def test_work_is_done_elsewhere_and_comes_back() -> None:
    warm, fork = fenced(here(who), "x")

    assert fenced(here(doubled), [1, 2]) == [2, 4]
    assert len({warm, fork, os.getpid()}) == 3
    assert fenced(here(who), "x")[0] == warm


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (crash, "crashes (SIGSEGV)"),
        (recurse, "ends in RecursionError"),
        (spin, "takes longer than 3 seconds"),
        (wait, "takes longer than 3 seconds"),
        (swell, "wants more than 512 MiB of memory"),
        (leave, "ends in SystemExit"),
    ],
)
def test_a_bad_end_is_told_in_a_few_words_and_the_next_work_is_done(work: Callable[[Any], Any], said: str) -> None:
    began = time.monotonic()

    with pytest.raises(FenceError) as caught:
        fenced(here(work), "x")

    assert str(caught.value) == said
    assert fenced(here(doubled), [3]) == [6]
    assert time.monotonic() - began < 20  # a hang; limits are limits of processor time on a busy machine


def test_a_result_may_be_large_and_not_too_large() -> None:
    assert len(fenced(here(bulk), 3 << 20)) == 3 << 20
    with pytest.raises(FenceError, match="yields more than 16 MiB"):
        fenced(here(bulk), 20 << 20)


def test_what_work_prints_does_not_get_into_the_answers() -> None:
    assert fenced(here(talk), "x") == "said"


def test_a_warm_child_that_dies_is_replaced_once() -> None:
    with pytest.raises(FenceError, match="ends the process that compiles it"):
        fenced(here(end_the_warm_child), "x")

    assert fenced(here(doubled), [1]) == [2]


def test_a_child_killed_between_two_pieces_is_not_noticed() -> None:
    warm, _ = fenced(here(who), "x")
    os.kill(warm, signal.SIGKILL)

    assert fenced(here(doubled), [4]) == [8]


def test_forks_forget_and_the_warm_child_remembers_what_went_well() -> None:
    assert fenced(here(remember), "first") == ["first"]
    assert fenced(here(remember), "second") == ["second"]
    assert fenced(here(remember), "third", key="k") == ["third"]
    assert fenced(here(remember), "fourth", key="k") == ["third", "fourth"]
    assert fenced(here(remember), "fifth", key="k") == ["third", "fifth"]


def test_the_child_can_be_warmed_before_there_is_work() -> None:
    warm_up(here(get_ready))
    warm_up(here(get_ready))

    assert fenced(here(remember), "x") == ["ready", "x"]


def test_threads_take_turns() -> None:
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda n=n: found.append(fenced(here(doubled), [n]))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [[number * 2] for number in range(8)]


def test_nothing_stays_behind_and_a_module_in_the_folder_is_not_taken_for_ours(tmp_path: Any) -> None:
    (tmp_path / "jinja2.py").write_text("raise SystemExit('wrong module')\n", encoding="utf-8")
    program = (
        "import newsletter.fence as f\nfrom newsletter.compiler.job import Job, pressed\n"
        "files = {'a/layout.mjml': '<mjml><mj-head></mj-head><mj-body></mj-body></mjml>', 'a/text.txt': 'hello'}\n"
        "print(pressed(Job(files, 'a', {}, {}))[1]); print(f._fence.child.process.pid)"
    )

    said = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True
    )

    text, child = said.stdout.split()
    assert (text, said.stderr) == ("hello", "")
    with pytest.raises(ProcessLookupError):
        os.kill(int(child), 0)
