"""The preview's parts that need no browser: who is refused, what a frame gets, what can be read, what is watched."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from newsletter.errors import RefusedError
from newsletter.mailing.rehearsal import edition_of_stories
from newsletter.web.frames import drawn
from newsletter.web.preview.copies import Whose, headers_of
from newsletter.web.preview.desk import Desk
from newsletter.web.preview.feed import Feed
from newsletter.web.preview.guard import PAGE_POLICY, Guard, mail_policy, refusal
from newsletter.web.preview.sources import named_files, read_source
from newsletter.web.preview.watching import PATIENCE, Watch, files_behind
from tests.builders import a_compiled_issue

ROOT = Path(__file__).parents[2]
BRIEF = ROOT / "docs" / "examples" / "china-ai-brief.md"
HERE = {"host": "127.0.0.1:8000"}
OURS = HERE | {"origin": "http://127.0.0.1:8000", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", HERE, None),
        ("GET", {"host": "localhost:9000"}, None),
        ("HEAD", HERE, None),
        ("GET", {}, 421),
        ("GET", {"host": "127.0.0.1"}, 421),
        ("GET", {"host": "evil.example.com:8000"}, 421),
        ("GET", {"host": "127.0.0.1.evil.example.com:8000"}, 421),
        ("GET", {"host": "evil.example.com@127.0.0.1:8000"}, 421),
        ("GET", {"host": "192.0.2.1:8000"}, 421),
        ("DELETE", HERE, 405),
        ("OPTIONS", HERE, 405),
        ("POST", OURS, None),
        ("POST", OURS | {"content-type": "application/json; charset=utf-8", "sec-fetch-site": "same-origin"}, None),
        ("POST", HERE, 403),
        ("POST", OURS | {"origin": "http://127.0.0.1:8001"}, 403),
        ("POST", OURS | {"origin": "https://127.0.0.1:8000"}, 403),
        ("POST", OURS | {"origin": "null"}, 403),
        ("POST", OURS | {"origin": "https://evil.example.com"}, 403),
        ("POST", OURS | {"sec-fetch-site": "cross-site"}, 403),
        ("POST", OURS | {"content-type": "text/plain"}, 403),
        ("POST", OURS | {"host": "evil.example.com:8000", "origin": "http://evil.example.com:8000"}, 421),
    ],
)
def test_only_a_page_of_this_machine_is_answered(method: str, headers: dict[str, str], status: int | None) -> None:
    assert refusal(method, headers) == status


def asked(guard: Guard, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One GET, through the guard."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    named = [(name.encode(), value.encode()) for name, value in (HERE | headers).items()]
    scope = {"type": "http", "method": "GET", "path": path, "headers": named}
    asyncio.run(guard(scope, None, send))
    said = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], said, b"".join(message.get("body", b"") for message in sent)


async def _app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@pytest.mark.parametrize(
    "path", ["/", "/state", "/wrong/state", "/secre/state", "/secret", "/secrett/state", "//secret/"]
)
def test_without_the_secret_there_is_nothing(path: str) -> None:
    status, _, body = asked(Guard(_app, "secret"), path)
    assert (status, body) == (404, b"Nothing here.")


def test_with_the_secret_the_page_answers_under_a_strict_policy() -> None:
    status, headers, body = asked(Guard(_app, "secret"), "/secret/state")

    assert (status, body) == (200, b"/state")
    assert headers["content-security-policy"] == PAGE_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_the_address_that_a_browser_is_started_with_opens_once() -> None:
    guard = Guard(_app, "secret")
    ticket = guard.ticket()

    first = asked(guard, f"/open/{ticket}")
    again = asked(guard, f"/open/{ticket}")
    guard.ticket()
    guessed = asked(guard, "/open/guess")

    assert (first[0], first[1]["location"]) == (303, "/secret/")
    assert (again[0], guessed[0]) == (404, 404)
    assert "secret" not in str(again) + str(guessed)


def test_a_mail_may_draw_and_do_nothing() -> None:
    for policy in (mail_policy(images=True), mail_policy(images=False)):
        assert policy.startswith("sandbox allow-same-origin; default-src 'none'")
        assert "script" not in policy
    assert "img-src https: data:" in mail_policy(images=True)
    assert "img-src" not in mail_policy(images=False)


@pytest.mark.parametrize(
    ("html", "dark", "light"),
    [
        (
            "<style>@media (prefers-color-scheme: dark) {a}</style>",
            "<style>@media (min-width: 0px) {a}</style>",
            "<style>@media (max-width: 0px) {a}</style>",
        ),
        (
            "<style>@media screen and (Prefers-Color-Scheme:light){a}</style>",
            "<style>@media screen and (max-width: 0px){a}</style>",
            "<style>@media screen and (min-width: 0px){a}</style>",
        ),
        (
            "<p>(prefers-color-scheme: dark)</p>",
            "<p>(prefers-color-scheme: dark)</p>",
            "<p>(prefers-color-scheme: dark)</p>",
        ),
    ],
)
def test_the_scheme_is_the_one_that_was_asked_for(html: str, dark: str, light: str) -> None:
    opened = '<base target="_blank">'
    assert drawn(html, is_dark=True) == opened + dark
    assert drawn(html, is_dark=False) == opened + light
    assert drawn(f"<html><head lang=x>{html}", is_dark=True) == f"<html><head lang=x>{opened}{dark}"


def test_headers_are_shown_as_a_mail_program_reads_them() -> None:
    ways = b"List-Unsubscribe: <https://example.com/u/1>,\r\n <mailto:a@example.com>\r\n\r\n"
    assert headers_of(b"Subject: =?utf-8?b?5Lq65bel5pm66IO9?=\r\n" + ways) == [
        ("Subject", "人工智能"),
        ("List-Unsubscribe", "<https://example.com/u/1>, <mailto:a@example.com>"),
    ]


@pytest.mark.parametrize(
    ("written", "numbers"),
    [(None, None), ("", []), ("2,1", [2, 1]), ("2,x", [2, 0]), ("-1", [0]), (",".join("1" * 5_000), [1] * 1_000)],
)
def test_stories_are_asked_for_by_number(written: str | None, numbers: list[int] | None) -> None:
    assert Whose(stories=written).numbers == numbers


@pytest.mark.parametrize("numbers", [[0], [99], [1, 1], [-1]])
def test_an_edition_of_stories_that_are_not_there_is_refused(numbers: list[int]) -> None:
    with pytest.raises(RefusedError, match="no such edition any more"):
        edition_of_stories(a_compiled_issue(), numbers)


def test_an_edition_is_named_by_the_places_of_its_stories() -> None:
    compiled = a_compiled_issue()
    assert edition_of_stories(compiled, [1]).stories == (compiled.stories[0].id,)


# Which files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "issue.md").write_text(BRIEF.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / ".env").write_text("SENDGRID_API_KEY=hush\n", encoding="utf-8")
    (tmp_path / "other.md").write_text("private\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["issue.md", "daily-brief/layout.mjml", "partials/foot.mjml", "newsletters.yaml"])
def test_a_file_of_the_issue_can_be_read(name: str, folder: Path) -> None:
    assert len(read_source(name, Path("issue.md"), None)) > 5


@pytest.mark.parametrize(
    "name",
    [".env", "other.md", "/etc/hostname", "../issue.md", "daily-brief/../../.env", "", "newsletter.db", "issues"],
)
def test_no_other_file_can_be_read(name: str, folder: Path) -> None:
    with pytest.raises(RefusedError, match="cannot be shown"):
        read_source(name, Path("issue.md"), None)
    assert not any("hush" in path.read_text(encoding="utf-8") for path in named_files(Path("issue.md"), None).values())


def test_everything_is_watched_that_changes_what_is_seen(folder: Path) -> None:
    (folder / "subscribers").mkdir()
    (folder / "subscribers" / "confidential.yaml").touch()
    names = {path.name for path in files_behind(Path("issue.md"), None)}
    assert names >= {"issue.md", ".env", "layout.mjml", "theme.yaml", "newsletters.yaml", "tags.yaml", "segments.yaml"}
    assert "confidential.yaml" in names


# When


class Told:
    """What a watch was told, and whether it can use it."""

    def __init__(self, usable: Callable[[str], bool], path: Path) -> None:
        self.usable, self.path = usable, path
        self.calls: list[tuple[bool, str]] = []
        self.new = threading.Event()

    def __call__(self, settled: bool) -> bool:
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else "gone"
        self.calls.append((settled, text))
        self.new.set()
        return settled or self.usable(text)


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def watched(path: Path, changes: Callable[[], None], usable: Callable[[str], bool]) -> list[tuple[bool, str]]:
    told = Told(usable, path)
    watch = Watch(lambda: [path], told)
    watch.start()
    try:
        time.sleep(0.1)
        changes()
        assert told.new.wait(5)
        time.sleep(PATIENCE + 0.3)
    finally:
        watch.stop()
    return told.calls


def test_a_good_version_is_told_at_once_and_once(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("one", encoding="utf-8")
    calls = watched(path, lambda: write(path, "two"), lambda _: True)
    assert calls == [(False, "two")]


def test_a_bad_version_is_told_when_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("one", encoding="utf-8")
    calls = watched(path, path.unlink, lambda text: text != "gone")
    assert calls == [(False, "gone"), (True, "gone")]


def test_a_bad_version_that_passes_is_never_told_as_settled(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("one", encoding="utf-8")

    def in_two_steps() -> None:
        path.write_text("", encoding="utf-8")
        time.sleep(0.1)
        path.write_text("two", encoding="utf-8")

    calls = watched(path, in_two_steps, bool)
    assert calls[-1] == (False, "two")
    assert not any(settled for settled, _ in calls)


def test_the_desk_keeps_the_last_good_version_under_an_error(folder: Path) -> None:
    desk = Desk(Path("issue.md"), None, lambda: datetime(2026, 6, 10, tzinfo=UTC))
    assert desk.refresh()
    good = desk.standing
    (folder / "issue.md").write_text("---\nnewsletter: nobody\n---\n", encoding="utf-8")

    assert not desk.refresh(settled=False)
    assert desk.standing is good
    assert desk.refresh()
    assert desk.standing.prepared is good.prepared
    assert desk.standing.errors[0].line == 2
    assert desk.standing.told() == {"revision": 2, "is_good": False}


def test_a_page_that_is_slow_hears_the_latest_word_and_the_end() -> None:
    async def heard() -> list[str]:
        feed = Feed()
        stream = feed.listen({"revision": 1})
        words = [await anext(stream)]
        for revision in (2, 3):
            feed.tell({"revision": revision})
        await asyncio.sleep(0.01)
        words.append(await anext(stream))
        feed.close()
        return words + [word async for word in stream]

    assert asyncio.run(asyncio.wait_for(heard(), 5)) == [
        'data: {"revision": 1}\n\n',
        'data: {"revision": 3}\n\n',
        "event: closed\ndata: {}\n\n",
    ]
