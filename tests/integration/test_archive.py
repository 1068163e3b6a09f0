"""The archive, as `newsletter serve` shows it and `newsletter archive export` writes it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import feedparser  # type: ignore[import-untyped]
import pytest
from lxml import etree

from newsletter.delivery import Outcome
from newsletter.store import open_store
from newsletter.tokens import archive_key
from tests.builders import NOW, a_brief, an_update
from tests.integration.at_work import started
from tests.integration.conftest import SETTINGS, Command
from tests.integration.test_face import Face
from tests.shelves import ARCHIVES, SEGMENT, lay_out_archives, planned, sent
from tests.smtpd import free_port
from tests.stores import a_store, address_of, an_entry, take_in

KEYS = (SETTINGS["NEWSLETTER_SECRET_KEY"].encode(),)
PUBLIC, SHARED = "/a/harbour-public", f"/a/harbour-shared/{archive_key(KEYS, 'harbour-shared')}"
ATOM = etree.RelaxNG(etree.parse(Path(__file__).parents[1] / "atom.rng"))
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
READER = "Reader-Only-Name"
BRIEFS = 23


@dataclass
class Archived:
    face: Face
    folder: Path
    #: by slug, of the public newsletter
    mailings: dict[str, int] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> tuple[int, str, Any]:
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self.face.port, timeout=60)
        connection.request("GET", path, headers={"Host": "evil.example", **headers})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, answer.headers


def fill(folder: Path) -> dict[str, int]:
    """In each newsletter: briefs, a hostile subject, an update with a correction; and what has no place there."""
    mailings: dict[str, int] = {}
    with a_store(folder) as store:
        for name in ARCHIVES:
            readers = take_in(store, *(an_entry(n, name=READER) for n in range(3)), newsletter=name)

            def kept(slug: str, name: str = name, readers: Any = readers, **details: Any) -> int:
                issue = a_brief(newsletter=name, slug=slug, **details)
                return planned(store, issue, readers).id

            for number in range(BRIEFS):
                mailings[f"brief-{number}"] = sent(store, store.mailings.find(kept(f"brief-{number}"))).id
            sent(store, store.mailings.find(kept("evil", subject=EVIL, preheader=EVIL)))
            wrong = sent(store, planned(store, an_update(newsletter=name, slug="note"), readers))
            again = an_update(newsletter=name, slug="note", subject="The note again", correction="It is 12 April.")
            sent(store, planned(store, again, readers, corrects=wrong))
            mailings["draft"] = kept("draft")
            sent(store, store.mailings.find(kept("rehearsed")), transport="outbox")
            sent(store, store.mailings.find(kept("refused")), outcome=Outcome.REFUSED)
            half = store.mailings.find(kept("half"))
            store.mailings.begin(half.id, transport="smtp", actor="mei", now=NOW)
            store.mailings.cancel(half.id, actor="mei", now=NOW)
            mailings["note"] = wrong.id
    return mailings


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    folder, port = tmp_path_factory.mktemp("archive"), free_port()
    lay_out_archives(folder)
    mailings = fill(folder)
    with started(folder, ["serve", "--port", port], port) as at_work:
        at_work.wait_until(lambda: "Serving" in at_work.said)
        yield Archived(Face(port, folder), folder, mailings)


def links_in(text: str) -> list[str]:
    return re.findall(r'<h2><a href="([^"]+)"', text)


def test_the_list_holds_what_was_really_sent_the_newest_first(archive: Archived) -> None:
    status, first, _ = archive.get(PUBLIC)
    _, second, _ = archive.get(f"{PUBLIC}?page=2")
    assert status == 200
    expected = ["note.correction", "note", "evil", *(f"brief-{number}" for number in reversed(range(BRIEFS)))]
    assert links_in(first) + links_in(second) == [f"harbour-public/{name}" for name in expected]
    assert len(links_in(first)) == 20
    for page in ("0", "3", "x", "-1", "99999999999"):
        assert archive.get(f"{PUBLIC}?page={page}")[0] == 404


@pytest.mark.parametrize(
    "slug", ["draft", "rehearsed", "refused", "half", "no-such", "brief-1.correction", "%00", "..%2f"]
)
def test_what_was_not_sent_has_no_page(archive: Archived, slug: str) -> None:
    status, text, _ = archive.get(f"{PUBLIC}/{slug}")
    assert (status, "This link does not work" in text) == (404, True)


@pytest.mark.parametrize(
    "path",
    [
        "/a/harbour-off", "/a/harbour-off/note", "/a/harbour-off/feed.xml", "/a/no-such", "/a/", "/a",
        "/a/harbour-shared", "/a/harbour-shared/note", "/a/harbour-shared/feed.xml", "/a/harbour-shared/" + "A" * 22,
        f"/a/harbour-shared/{archive_key(KEYS, 'harbour-public')}",
        f"/a/harbour-off/{archive_key(KEYS, 'harbour-off')}",
        f"{SHARED}/note/more",
    ],
)  # fmt: skip
def test_what_is_off_or_shared_is_not_to_be_found_without_its_key(archive: Archived, path: str) -> None:
    assert archive.get(path)[0] == 404


def test_a_shared_archive_is_nobodys_to_index_or_keep(archive: Archived) -> None:
    for path in (SHARED, f"{SHARED}/note", f"{SHARED}/feed.xml"):
        status, text, headers = archive.get(path)
        assert status == 200
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert headers["Cache-Control"] == "no-store"
        assert "ETag" not in headers
        assert ("noindex" in text) is (not path.endswith(".xml"))


def test_a_public_one_may_be_indexed_and_kept(archive: Archived) -> None:
    for path in (PUBLIC, f"{PUBLIC}/note", f"{PUBLIC}/feed.xml"):
        _, text, headers = archive.get(path)
        assert "X-Robots-Tag" not in headers
        assert "noindex" not in text
        assert headers["Cache-Control"] == "public, max-age=300"
        status, nothing, again = archive.get(path, **{"If-None-Match": f'"other", W/{headers["ETag"]}'})
        assert (status, nothing, again["ETag"]) == (304, "", headers["ETag"])
    # The key of a shared one that has become public is good still.
    assert archive.get(f"{PUBLIC}/{archive_key(KEYS, 'harbour-public')}/note")[0] == 200


def test_every_page_forbids_what_could_run_and_names_no_host_but_ours(archive: Archived) -> None:
    for path in (PUBLIC, f"{PUBLIC}/evil", f"{SHARED}/note", f"{PUBLIC}/feed.xml"):
        _, text, headers = archive.get(path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "evil.example" not in text
        assert "<script" not in text
        assert headers["Referrer-Policy"] == "no-referrer"


def test_a_slash_at_the_end_leads_to_the_list_by_a_relative_way(archive: Archived) -> None:
    status, _, headers = archive.get(f"{SHARED}/")
    assert (status, headers["Location"]) == (308, f"../{SHARED.rpartition('/')[2]}")


def test_a_correction_and_what_it_corrects_lead_to_each_other(archive: Archived) -> None:
    _, wrong, _ = archive.get(f"{PUBLIC}/note")
    _, right, _ = archive.get(f"{PUBLIC}/note.correction")
    assert 'What this issue said was corrected on 10 June 2026: <a href="note.correction">The note again</a>' in wrong
    assert 'This corrects what was sent on 10 June 2026: <a href="note">What the draft rules ask' in right
    assert "It is 12 April." in right
    _, listed, _ = archive.get(PUBLIC)
    assert (listed.count(">Correction<"), listed.count(">Corrected<")) == (1, 1)


def test_chinese_pages_speak_chinese(archive: Archived) -> None:
    _, text, _ = archive.get("/a/harbour-zh")
    assert '<html lang="zh-Hans">' in text
    assert "《海港简报》往期内容" in text
    assert 'lang="en"' in text


def insist_nobody_is_named(text: str) -> None:
    assert not re.search(r"reader\d@example|" + READER, text)
    assert SEGMENT not in text
    # links of a reader end in 48 characters
    assert not re.search(r"/[upv]/[A-Za-z0-9_-]{48}", text)


def test_no_reader_is_named_and_no_link_of_theirs_stands_in_any_page(archive: Archived) -> None:
    for slug in ("brief-0", "note", "evil"):
        _, text, _ = archive.get(f"{PUBLIC}/{slug}")
        insist_nobody_is_named(text)
        assert set(re.findall(r'href="([^"]*own)"', text)) == {"../../own"}
    assert archive.get("/own")[0] == 200


def test_the_feed_is_atom_and_says_what_the_list_says(archive: Archived) -> None:
    _, text, headers = archive.get(f"{PUBLIC}/feed.xml")
    assert headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    ATOM.assertValid(etree.fromstring(text.encode()))
    read = feedparser.parse(text)
    assert not read.bozo
    assert read.feed.title == "Harbour Public"
    home = f"{SETTINGS['NEWSLETTER_BASE_URL']}/a/harbour-public"
    assert read.feed.link == home
    assert [entry.link for entry in read.entries][:3] == [
        f"{home}/{slug}" for slug in ("note.correction", "note", "evil")
    ]
    assert len({entry.id for entry in read.entries}) == len(read.entries) == 20
    assert read.entries[2].title_detail.type == "text/plain"
    assert read.entries[2].title == EVIL.replace("  ", " ")
    assert read.entries[3].content[0].value.count("<li>") == 2
    insist_nobody_is_named(text)


def test_a_schema_that_takes_anything_would_be_no_check(archive: Archived) -> None:
    _, text, _ = archive.get(f"{PUBLIC}/feed.xml")
    for found, other in (("<updated>2", "<updated>x"), ("<author>", "<someone>"), ('rel="self"', 'rel="me"')):
        broken = text.replace(found, other).replace("</author>", "</someone>" if "someone" in other else "</author>")
        assert not ATOM.validate(etree.fromstring(broken.encode()))


def test_an_issue_goes_and_comes_back_by_command_whichever_of_its_mailings_is_named(
    command: Command, tmp_path: Path
) -> None:
    lay_out_archives(tmp_path)
    mailings = fill(tmp_path)
    again = ("archive", "export", "site", "-n", "harbour-zh")
    assert command(*again).out.startswith("site/harbour-zh/index.html: 26 issues")
    (tmp_path / "site/harbour-zh/note/mine.txt").write_text("mine")
    (tmp_path / "site/harbour-zh/mine").mkdir()
    (tmp_path / "site/harbour-zh/mine/index.html").write_text("mine")
    said = command("archive", "hide", str(mailings["note"]))
    assert said.out == "note is out of the archive of harbour-zh.\n"
    assert command(*again).out.endswith("25 issues; 1 page taken away\n")
    listed = (tmp_path / "site/harbour-zh/index.html").read_text()
    assert 'href="note/index.html"' not in listed
    assert 'href="note.correction/index.html"' in listed
    assert sorted(path.name for path in (tmp_path / "site/harbour-zh/note").iterdir()) == ["mine.txt"]
    assert (tmp_path / "site/harbour-zh/mine/index.html").read_text() == "mine"
    # What it was about is not told by its correction either.
    assert "What the draft rules ask" not in (tmp_path / "site/harbour-zh/note.correction/index.html").read_text()
    command("archive", "show", str(mailings["note"]))
    assert "26 issues" in command(*again).out
    with open_store(address_of(tmp_path)) as store:
        assert [act.action for act in store.mailings.acts(mailings["note"])][-2:] == ["archive-hidden", "archive-shown"]


def test_what_is_hidden_before_it_leaves_never_comes_in(tmp_path: Path) -> None:
    with a_store(tmp_path) as store:
        readers = take_in(store, an_entry(), newsletter="harbour-public")
        for slug in ("one", "two"):
            mailing = planned(store, a_brief(newsletter="harbour-public", slug=slug), readers)
            if slug == "one":
                store.archive.hide(mailing.id, actor="mei", now=NOW)
            sent(store, mailing)
        assert [found.slug for found in store.archive.issues("harbour-public", limit=9)] == ["two"]
        # sent once more, to others: it is the same issue
        sent(store, planned(store, a_brief(newsletter="harbour-public", slug="one"), readers))
        assert store.archive.count("harbour-public") == 1
        sent(store, planned(store, a_brief(newsletter="harbour-public", slug="two", subject="Anew"), readers))
        (found,) = store.archive.issues("harbour-public", limit=9)
        assert found.first_sent_at < found.last_sent_at


def test_an_export_names_nobody_and_all_its_links_lead_to_files(command: Command, tmp_path: Path) -> None:
    lay_out_archives(tmp_path)
    fill(tmp_path)
    assert command("archive", "export", "site").code == 0
    assert sorted(path.name for path in (tmp_path / "site").iterdir()) == sorted(set(ARCHIVES) - {"harbour-off"})
    pages = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert len(pages) == 3 * (26 + 2 + 2)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        insist_nobody_is_named(text)
        if page.suffix == ".xml":
            ATOM.assertValid(etree.fromstring(text.encode()))
        for link in re.findall(r'href="([^"#]+)"', text):
            if not re.match(r"https?:|mailto:|data:", link):
                assert (page.parent / link).is_file(), f"{page}: {link}"


@pytest.mark.parametrize(
    ("words", "settings", "said"),
    [
        (("link", "harbour-public"), {}, "https://news.example.com/a/harbour-public\n"),
        (("link", "harbour-shared"), {}, f"https://news.example.com{SHARED}\n"),
        (("link", "harbour-off"), {}, "error: harbour-off has no archive; write 'archive: public' or "),
        (("link", "no-such"), {}, "error: there is no newsletter 'no-such'; choose one of: "),
        (("link", "harbour-public"), {"NEWSLETTER_BASE_URL": None}, "error: NEWSLETTER_BASE_URL is missing"),
        (("hide", "no-such"), {}, "error: there is no mailing of 'no-such'"),
        (("export", "site", "-n", "harbour-off"), {}, "error: harbour-off has no archive"),
    ],
)
def test_the_commands_say_where_it_is_or_what_is_wrong(
    command: Command, tmp_path: Path, words: tuple[str, ...], settings: dict[str, str | None], said: str
) -> None:
    lay_out_archives(tmp_path)
    found = command("archive", *words, **settings)
    assert (found.out or found.err).startswith(said)
    assert found.code == (1 if said.startswith("error") else 0)


@pytest.mark.parametrize(("archive", "is_named"), [("public", True), ("shared", False), ("off", False)])
def test_a_mail_names_the_archive_when_everybody_may_read_it(
    command: Command, tmp_path: Path, archive: str, is_named: bool
) -> None:
    lay_out_archives(tmp_path)
    (tmp_path / "readers.csv").write_text("email\nmei@example.com\n")
    consent = ("--consent-basis", "asked by mail", "--consent-on", "2026-03-01", "--yes")
    assert command("subscribers", "import", "readers.csv", "-n", f"harbour-{archive}", *consent).code == 0
    issue = tmp_path / "note.md"
    issue.write_text(
        f"---\nnewsletter: harbour-{archive}\nkind: team-update\ndate: 2026-06-10\nsubject: A note\n"
        "sign_off: Best regards,\n---\nWe have a new note.\n\n- **The point.** The facts.\n"
    )
    assert command("send", issue, "-s", "everyone", "--yes", "--skip-link-check").code == 0
    mail = next((tmp_path / "outbox").glob("*.eml")).read_text()
    header = f"\nList-Archive: <https://news.example.com/a/harbour-{archive}>\n"
    assert (header in mail, "List-Archive" in mail) == (is_named, is_named)


def test_a_correction_may_be_corrected_and_one_that_was_taken_out_marks_nothing(tmp_path: Path) -> None:
    name = "harbour-public"
    with a_store(tmp_path) as store:
        readers = take_in(store, an_entry(), newsletter=name)
        wrong = sent(store, planned(store, a_brief(newsletter=name, slug="one"), readers))
        better = sent(store, planned(store, a_brief(newsletter=name, slug="one"), readers, corrects=wrong))
        right = sent(store, planned(store, a_brief(newsletter=name, slug="two"), readers, corrects=better))
        (last, middle, first) = store.archive.issues(name, limit=9)
        assert [(found.slug, found.is_correction) for found in (first, middle, last)] == [
            ("one", False), ("one", True), ("two", True),
        ]  # fmt: skip
        assert store.archive.all_corrected(name) == {("one", False), ("one", True)}
        assert store.archive.corrections(name, first) == [middle]
        assert store.archive.corrections(name, middle) == [last]
        assert store.archive.corrected(name, last) == middle
        assert store.archive.corrected(name, first) is None
        store.archive.hide(right.id, actor="mei", now=NOW)
        assert store.archive.all_corrected(name) == {("one", False)}
        assert store.archive.corrections(name, middle) == []
        store.archive.hide(wrong.id, actor="mei", now=NOW)
        assert store.archive.corrected(name, middle) is None
        assert store.archive.find(name, "one", is_correction=True) == middle
