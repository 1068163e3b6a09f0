"""A workspace is laid out whole, once, and over nothing; a new issue file can be built as it stands."""

import itertools
import re
import stat
import tempfile
import threading
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.checks import check_compiled, check_issue
from newsletter.compiler import compile_issue
from newsletter.edition import Links
from newsletter.errors import InputError
from newsletter.issue import Kind
from newsletter.masthead import Masthead
from newsletter.reader import read_issue_text
from newsletter.settings import Settings, read_settings
from newsletter.starting import Identity, checked, choose_newsletter, lay_out, skeleton, write_issue
from newsletter.starting.workspace import settings_text
from newsletter.starting.writing import write_new
from newsletter.tags import Tag, Vocabulary, read_vocabulary, vocabulary_of
from newsletter.workspace import shipped
from tests.builders import a_masthead, an_imprint

ANSWERS = {
    "sender_name": "Harbour Advisers",
    "sender_address": "news@harbour.example",
    "unsubscribe_address": "leave@harbour.example",
    "postal_address": "1 Quay Street, Singapore 048616",
}
IDENTITY = Identity.of(ANSWERS)
DAY = date(2026, 6, 10)


def everything_in(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def test_a_workspace_has_everything_that_was_shipped(tmp_path: Path) -> None:
    laid_out = lay_out(tmp_path / "china", IDENTITY)

    found = everything_in(tmp_path / "china")
    templates = shipped("templates")
    for path in templates.rglob("*"):
        if path.is_file():
            assert found[f"templates/{path.relative_to(templates)}"] == path.read_bytes()
    for name in ("tags.yaml", "segments.yaml"):
        assert found[f"subscribers/{name}"] == (shipped("subscribers") / name).read_bytes()
    assert "issues" in found
    assert "subscribers/sample.csv" not in found
    assert sorted(laid_out.made) == sorted(name for name, content in found.items() if content is not None)
    assert laid_out.kept == ()


def test_the_settings_are_those_that_were_given_and_a_key(tmp_path: Path) -> None:
    lay_out(tmp_path, IDENTITY)
    settings = read_settings({}, tmp_path / ".env")
    assert settings.model_dump(include=set(ANSWERS)) == ANSWERS
    assert len(settings.keys) == 1
    assert len(settings.keys[0]) >= 48
    assert settings.model_copy(update={"secret_key": (), **dict.fromkeys(ANSWERS)}) == Settings()


def test_every_workspace_has_a_key_of_its_own(tmp_path: Path) -> None:
    keys = set()
    for name in "abc":
        lay_out(tmp_path / name, IDENTITY)
        keys.add(read_settings({}, tmp_path / name / ".env").keys)
    assert len(keys) == 3


def test_nobody_else_may_read_the_settings(tmp_path: Path) -> None:
    lay_out(tmp_path, IDENTITY)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / ".gitignore").stat().st_mode) & 0o044


def test_nothing_private_gets_into_version_control(tmp_path: Path) -> None:
    lay_out(tmp_path, IDENTITY)
    ignored = (tmp_path / ".gitignore").read_text().splitlines()
    assert {".env", "*.db", "/outbox/", "/subscribers/*.csv"} <= set(ignored)


words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), min_size=1, max_size=80
)


@given(words.filter(str.strip), words.filter(str.strip))
@example("ends in \\", "a\\\\")
@example('"', "'")
@example('\\"', "a # b")
@example("$HOME ${HOME}", "a\\nb")
@example("=", "#")
def test_whatever_the_name_is_the_settings_say_it_back(name: str, postal: str) -> None:
    identity = Identity.of(ANSWERS | {"sender_name": name, "postal_address": postal})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ".env"
        path.write_text(settings_text(identity), encoding="utf-8")
        settings = read_settings({}, path)
    assert (settings.sender_name, settings.postal_address) == (identity.sender_name, identity.postal_address)
    assert settings.sender_address == ANSWERS["sender_address"]


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    first = lay_out(tmp_path, IDENTITY)
    before = everything_in(tmp_path)
    second = lay_out(tmp_path, IDENTITY)
    assert everything_in(tmp_path) == before
    assert (second.made, second.kept) == ((), first.made)


def test_what_is_there_is_kept_and_what_is_missing_comes_in(tmp_path: Path) -> None:
    lay_out(tmp_path, IDENTITY)
    (tmp_path / "templates/newsletters.yaml").write_text("# mine\n")
    (tmp_path / "subscribers/tags.yaml").unlink()
    laid_out = lay_out(tmp_path, None)
    assert laid_out.made == ("subscribers/tags.yaml",)
    assert (tmp_path / "templates/newsletters.yaml").read_text() == "# mine\n"


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").symlink_to(tmp_path / "elsewhere")
    laid_out = lay_out(tmp_path, IDENTITY)
    assert ".gitignore" in laid_out.kept
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "china").write_text("mine")
    with pytest.raises(InputError, match="china: is no folder; name a folder"):
        lay_out(tmp_path / "china", IDENTITY)
    assert (tmp_path / "china").read_text() == "mine"


@pytest.mark.parametrize("in_the_way", ["issues", "templates", "subscribers", "templates/partials"])
def test_what_cannot_be_finished_is_not_begun(in_the_way: str, tmp_path: Path) -> None:
    workspace = tmp_path / "deep" / "china"
    (workspace / in_the_way).parent.mkdir(parents=True)
    (workspace / in_the_way).write_text("a file where a folder must be")
    before = everything_in(tmp_path)
    with pytest.raises(InputError, match="cannot be written"):
        lay_out(workspace, IDENTITY)
    assert everything_in(tmp_path) == before


def test_a_name_that_no_disk_takes_is_refused(tmp_path: Path) -> None:
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(InputError, match="cannot be written"):
            lay_out(tmp_path / name, IDENTITY)
    assert everything_in(tmp_path) == {}


def test_everything_missing_is_named_in_one_line() -> None:
    with pytest.raises(InputError) as caught:
        Identity.of({"sender_name": "Harbour", "postal_address": " "})
    assert str(caught.value) == (
        "missing: --sender-address, --unsubscribe-address, --postal-address; "
        "give them, or run it in a terminal, where it asks"
    )


@pytest.mark.parametrize(
    ("field", "answer", "words"),
    [
        ("sender_address", "harbour", "--sender-address: 'harbour' is not a mail address"),
        ("unsubscribe_address", "a@b@c.example", "--unsubscribe-address"),
        ("sender_name", "Harbour\nBcc: x@example.com", "--sender-name: holds a line break"),
        ("postal_address", "x" * 600, "too long"),
    ],
)
def test_a_wrong_answer_names_its_option(field: str, answer: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        Identity.of(ANSWERS | {field: answer})
    (finding,) = caught.value.findings
    assert words in str(finding)
    assert finding.fix


@pytest.mark.parametrize("slug", ["note.md", "a b", "../x", "-", "笔记", "x" * 200, ""])
def test_a_slug_is_letters_digits_and_hyphens(slug: str) -> None:
    with pytest.raises(InputError, match="SLUG"):
        checked("slug", slug)


def test_of_many_who_write_one_file_one_wins_and_all_of_it_is_theirs(tmp_path: Path) -> None:
    path, start, won = tmp_path / "note.md", threading.Barrier(8), []

    def write(number: int) -> None:
        start.wait()
        if write_new(path, f"{number}".encode() * 100_000):
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert path.read_bytes() == f"{won[0]}".encode() * 100_000
    assert [found.name for found in tmp_path.iterdir()] == ["note.md"]


def test_an_issue_is_written_over_nothing(tmp_path: Path) -> None:
    path = tmp_path / "issues" / "note.md"
    write_issue(path, "first", workspace=tmp_path)
    with pytest.raises(InputError, match=r"note\.md: is there already"):
        write_issue(path, "second", workspace=tmp_path)
    assert path.read_text() == "first"


def test_a_new_issue_is_markdown(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.md"):
        write_issue(tmp_path / "note.yaml", "", workspace=tmp_path)
    assert everything_in(tmp_path) == {}


# The file that `new` writes:


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    path = shipped("subscribers") / "tags.yaml"
    return read_vocabulary(path.read_text(encoding="utf-8"), path="tags.yaml")


def mastheads(kind: Kind) -> list[Masthead]:
    return [
        a_masthead(kind=declared, language=language, contact=contact)
        for declared in (kind, None)
        for language in ("en", "zh-Hans")
        for contact in ("mei-lin", None)
    ]


EACH = [(kind, masthead) for kind in Kind for masthead in mastheads(kind)]
NAMES = [f"{kind}-{one.language}-{'declared' if one.kind else 'any'}-{one.contact}" for kind, one in EACH]


def built_with_nothing_said(text: str, masthead: Masthead, vocabulary: Vocabulary) -> None:
    reading = read_issue_text(text, path="first-note.md", mastheads={masthead.name: masthead})
    assert check_issue(reading, vocabulary) == []
    compiled = compile_issue(
        reading.issue,
        masthead=masthead,
        imprint=an_imprint(),
        templates=shipped("templates"),
        vocabulary=vocabulary,
        links=Links.WEB,
    )
    assert check_compiled(compiled, an_imprint(), path="first-note.md") == []


@pytest.mark.parametrize(("kind", "masthead"), EACH, ids=NAMES)
def test_a_new_file_is_checked_and_built_as_it_stands(kind: Kind, masthead: Masthead, vocabulary: Vocabulary) -> None:
    text = skeleton(kind, masthead, slug="first-note", day=DAY, vocabulary=vocabulary)
    built_with_nothing_said(text, masthead, vocabulary)
    assert "date: 2026-06-10" in text
    assert "slug:" not in text
    assert ("kind: " in text) is (masthead.kind is None)


@pytest.mark.parametrize(("kind", "masthead"), EACH, ids=NAMES)
def test_every_field_in_a_comment_works_when_it_is_used(kind: Kind, masthead: Masthead, vocabulary: Vocabulary) -> None:
    text = skeleton(kind, masthead, slug="first-note", day=DAY, vocabulary=vocabulary)
    optional = re.findall(r"^# ([a-z_]+): ", text, re.MULTILINE)
    assert {"preheader", "tags", "greeting", "closing", "sign_off", "signature", "embargo"} <= set(optional)
    assert ("stories" in optional) is (kind is Kind.DAILY_BRIEF)
    for field in optional:
        used = re.sub(f"^# {field}: ", f"{field}: ", text, flags=re.MULTILINE)
        built_with_nothing_said(used, masthead, vocabulary)
    built_with_nothing_said(re.sub(r"^# ([a-z_]+: )", r"\1", text, flags=re.MULTILINE), masthead, vocabulary)


@pytest.mark.parametrize("kind", Kind)
def test_every_comment_stands_above_what_it_explains(kind: Kind, vocabulary: Vocabulary) -> None:
    text = skeleton(kind, a_masthead(kind=kind), slug="a", day=DAY, vocabulary=vocabulary)
    front = text.split("---\n")[1].splitlines()
    for above, line in itertools.pairwise(front):
        if re.match(r"(# )?[a-z_]+: ", line) and not line.startswith(("newsletter:", "date:")):
            assert re.match(r"# [^:]+[.:]", above)
            assert not re.match(r"# [a-z_]+: ", above)


def test_a_chinese_newsletter_is_explained_in_chinese(vocabulary: Vocabulary) -> None:
    text = skeleton(Kind.DAILY_BRIEF, a_masthead(language="zh-Hans"), slug="a", day=DAY, vocabulary=vocabulary)
    assert "- 标签：中国, 香港" in text
    words_in_latin = re.findall(r"[A-Za-z]{3,}", text.split("---\n")[2])
    assert set(words_in_latin) <= {"https", "example", "com", "page", "other", "none"}


def test_without_tags_no_tag_is_named() -> None:
    awkward = vocabulary_of(
        [Tag("c", {"en": "C#"}), Tag("list", {"en": "this, that"}), Tag("none", {"en": "Old"}, replaced_by="c")]
    )
    for vocabulary in (vocabulary_of([]), awkward):
        text = skeleton(Kind.DAILY_BRIEF, a_masthead(), slug="a", day=DAY, vocabulary=vocabulary)
        assert "ags:" not in text
        read_issue_text(text, path="a.md", mastheads={"harbour-brief": a_masthead()})


def test_another_file_name_does_not_change_the_slug(vocabulary: Vocabulary) -> None:
    text = skeleton(Kind.DAILY_BRIEF, a_masthead(), slug="a-b", day=DAY, vocabulary=vocabulary, write_slug=True)
    assert read_issue_text(text, path="x.md", mastheads={"harbour-brief": a_masthead()}).issue.slug == "a-b"


def declared(**kinds: str | None) -> dict[str, Masthead]:
    return {name: a_masthead(name=name, kind=kind) for name, kind in kinds.items()}


@pytest.mark.parametrize(
    ("kinds", "named", "chosen"),
    [
        ({"one": "daily-brief", "two": "team-update"}, None, "one"),
        ({"one": "daily-brief", "two": "daily-brief"}, "two", "two"),
        ({"one": None}, None, "one"),
        ({"one": None, "two": "daily-brief"}, "one", "one"),
    ],
)
def test_the_only_newsletter_of_a_kind_need_not_be_named(
    kinds: dict[str, str | None], named: str | None, chosen: str
) -> None:
    assert choose_newsletter(declared(**kinds), Kind.DAILY_BRIEF, named).name == chosen


@pytest.mark.parametrize(
    ("kinds", "named", "words"),
    [
        ({"one": "daily-brief", "two": None}, None, "several newsletters take a daily-brief: one, two; say which one"),
        ({"two": "team-update"}, None, "no newsletter takes a daily-brief"),
        ({"one": "daily-brief", "two": "team-update"}, "two", "two is a team-update; choose one of: one"),
        ({"one": "daily-brief"}, "three", "there is no newsletter 'three'; choose one of: one"),
        ({"two": "team-update"}, "two", "add one to newsletters.yaml"),
    ],
)
def test_otherwise_they_are_named(kinds: dict[str, str | None], named: str | None, words: str) -> None:
    with pytest.raises(InputError) as caught:
        choose_newsletter(declared(**kinds), Kind.DAILY_BRIEF, named)
    assert words in str(caught.value)
