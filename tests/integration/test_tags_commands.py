"""`tags …` as a user runs it: the vocabulary's file and the readers' interests change together, or not at all."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from newsletter.errors import InputError, StoreError
from newsletter.store import Store, open_store
from newsletter.tending import merge_tags
from newsletter.tending.page import VocabularyPage
from tests.builders import NOW
from tests.integration.conftest import Command
from tests.stores import a_store, address_of, an_entry, take_in
from tests.tagged import FOLDER

VOCABULARY = """\
# ours
ai: {names: {en: AI, zh-Hans: 人工智能}, offered: yes}
ai-chips: {names: {en: AI chips}, aliases: [AI芯片], parents: [ai]}
gpus: {names: {en: GPUs}, parents: [ai-chips]}  # cards
crypto: {names: {en: Crypto}, aliases: [coins]}
digital-money: {names: {en: Digital money}}
squirrel: {names: {en: Squirrel}}
"""
SEGMENTS = "cards:\n  says: Those who like cards\n  rule: gpus and not crypto\n"
ISSUE = """\
---
newsletter: china-ai-brief
date: 2026-06-10
subject: Chips
stories: matched
---
## Top Stories

### Nine AI chips pass
- Example Wire · 2026-06-09
- Summary: Nine GPUs may be sold.
- Why It Matters: Buyers wait.
- URL: none
- Tags: squirrel

### Coins fall
- Example Wire · 2026-06-09
- Summary: Crypto is cheap, and crypto is down.
- Why It Matters: It was dear.
- URL: none
"""
#: a foreign key that is looked at when the transaction ends, and never holds
NEVER_HOLDS = (
    "CREATE TABLE one (id INTEGER PRIMARY KEY)",
    "CREATE TABLE other (id INTEGER REFERENCES one (id) DEFERRABLE INITIALLY DEFERRED)",
)
WHEN_MERGED = "CREATE TRIGGER refuse AFTER INSERT ON audit FOR EACH ROW WHEN (NEW.action = 'tags-merged') "
REFUSING = {
    "sqlite": (WHEN_MERGED + "BEGIN INSERT INTO other VALUES (7); END",),  # noqa: S608 - nobody's word is in it
    "postgresql": (
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO other VALUES (7); RETURN NEW; END'""",
        WHEN_MERGED + "EXECUTE FUNCTION refuse()",
    ),
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "subscribers/tags.yaml").write_text(VOCABULARY, "utf-8")
    (tmp_path / "subscribers/segments.yaml").write_text(SEGMENTS, "utf-8")
    (tmp_path / "issue.md").write_text(ISSUE, "utf-8")
    with a_store(tmp_path) as store:
        take_in(
            store,
            an_entry(1, interests=frozenset({"gpus"})),
            an_entry(2, interests=frozenset({"gpus", "ai-chips", "crypto"})),
            an_entry(3, interests=frozenset({"ai-chips"})),
            an_entry(4, interests=frozenset({"crypto", "bygone"})),
            newsletter="china-ai-brief",
        )
    return tmp_path


def interests(folder: Path) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for subscription, tag in rows(folder, "SELECT subscription_id, tag FROM interests"):
        found.setdefault(subscription, set()).add(tag)
    return found


def rows(folder: Path, question: str) -> list[Any]:
    with open_store(address_of(folder)) as store, store._database.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.text(question))]


def vocabulary_text(folder: Path) -> str:
    return (folder / "subscribers/tags.yaml").read_text("utf-8")


def test_a_merge_changes_the_file_and_the_readers_and_leaves_a_trace(command: Command, workspace: Path) -> None:
    said = command("tags", "merge", "GPUs", "--into", "ai-chips", "--json")

    assert (said.code, said.document["readers"], said.document["merged"]) == (0, 2, {"gpus": 2})
    assert said.document["segments"] == ["cards"]
    assert "gpus: {names: {en: GPUs}, parents: [ai-chips], replaced_by: ai-chips}  # cards" in vocabulary_text(
        workspace
    )
    assert vocabulary_text(workspace).startswith("# ours\n")
    assert interests(workspace) == {
        1: {"ai-chips"},
        2: {"ai-chips", "crypto"},
        3: {"ai-chips"},
        4: {"crypto", "bygone"},
    }
    told = rows(workspace, "SELECT subscriber_id, actor, detail FROM audit WHERE action LIKE '%merged' ORDER BY id")
    assert [(who, actor) for who, actor, _ in told] == [(1, "test"), (2, "test"), (None, "test")]
    assert json.loads(told[1][2]) == {"from": ["gpus"], "into": "ai-chips", "newsletter": "china-ai-brief"}
    assert json.loads(told[2][2]) == {"into": "ai-chips", "readers": 2, "tags": ["gpus"]}
    assert command("segments", "check").code == 0


def test_a_dry_run_says_the_same_and_changes_nothing(command: Command, workspace: Path) -> None:
    before, held = vocabulary_text(workspace), interests(workspace)
    dry = command("tags", "merge", "gpus", "crypto", "--into", "ai", "--dry-run", "--json").document
    shown = command("tags", "merge", "gpus", "crypto", "--into", "ai", "--dry-run")

    assert (vocabulary_text(workspace), interests(workspace)) == (before, held)
    assert "Dry run: nothing was changed" in shown.out
    wet = command("tags", "merge", "gpus", "crypto", "--into", "ai", "--json").document
    assert dry | {"dry_run": False} == wet
    assert wet["readers"] == 3
    assert command("tags", "merge", "gpus", "crypto", "--into", "ai", "--json").document["readers"] == 0


def test_interests_that_the_vocabulary_has_lost_can_be_merged_too(command: Command, workspace: Path) -> None:
    checked = command("tags", "check")
    assert checked.code == 1
    assert "1 reader follows 'bygone', which is no tag" in checked.errors[0]

    assert command("tags", "merge", "bygone", "--into", "digital-money").code == 0
    assert interests(workspace)[4] == {"crypto", "digital-money"}
    assert command("tags", "check").code == 0


@pytest.fixture
def page(workspace: Path) -> VocabularyPage:
    return VocabularyPage.read(workspace / "subscribers/tags.yaml", "subscribers/tags.yaml")


def merge(page: VocabularyPage, store: Store) -> None:
    merge_tags(page, store, ["gpus"], into="ai-chips", actor="mei", now=NOW)


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    with open_store(address_of(workspace)) as opened:
        yield opened


def test_a_file_that_changed_meanwhile_is_left_and_so_are_the_readers(
    workspace: Path, page: VocabularyPage, store: Store
) -> None:
    held, changed = interests(workspace), VOCABULARY + "new: {names: {en: New}}\n"
    page.path.write_text(changed, "utf-8")
    with pytest.raises(InputError, match="was changed by somebody else meanwhile"):
        merge(page, store)
    assert (vocabulary_text(workspace), interests(workspace)) == (changed, held)
    assert rows(workspace, "SELECT count(*) FROM audit WHERE action LIKE '%merged'") == [(0,)]


def test_when_the_file_cannot_be_written_no_reader_is_changed(
    workspace: Path, page: VocabularyPage, store: Store
) -> None:
    held = interests(workspace)
    page.path.parent.rename(workspace / "elsewhere")
    with pytest.raises(InputError, match="cannot be read"):
        merge(page, store)
    assert interests(workspace) == held
    assert rows(workspace, "SELECT count(*) FROM audit WHERE action LIKE '%merged'") == [(0,)]


def test_when_the_database_refuses_to_commit_the_file_is_put_back(
    workspace: Path, page: VocabularyPage, store: Store
) -> None:
    held = interests(workspace)
    with store._database.writing() as connection:
        for said in (*NEVER_HOLDS, *REFUSING[connection.dialect.name]):
            connection.exec_driver_sql(said)
    with pytest.raises(StoreError):
        merge(page, store)
    assert (vocabulary_text(workspace), interests(workspace)) == (VOCABULARY, held)


def test_many_readers_are_moved_in_pages(workspace: Path, page: VocabularyPage, store: Store) -> None:
    many = [an_entry(100 + number, interests=frozenset({"gpus", "crypto"})) for number in range(4_500)]
    take_in(store, *many, newsletter="china-ai-brief")
    merged = merge_tags(page, store, ["gpus", "crypto"], into="ai", actor="mei", now=NOW)

    assert merged.readers == 4_503
    assert rows(workspace, "SELECT count(*) FROM interests WHERE tag IN ('gpus', 'crypto')") == [(0,)]
    assert rows(workspace, "SELECT count(*) FROM audit WHERE action = 'interests-merged'") == [(4_503,)]


def test_line_ends_rights_and_links_of_the_file_stay(workspace: Path, store: Store) -> None:
    real = workspace / "shared.yaml"
    real.write_bytes(VOCABULARY.replace("\n", "\r\n").encode())
    real.chmod(0o640)
    link = workspace / "subscribers/tags.yaml"
    link.unlink()
    link.symlink_to(real)
    merge(VocabularyPage.read(link, "subscribers/tags.yaml"), store)

    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_bytes().count(b"\r\n") == real.read_bytes().count(b"\n") == VOCABULARY.count("\n")


def test_the_shipped_vocabulary_is_never_changed(command: Command) -> None:
    for words in (["add", "x", "--to", "ai"], ["merge", "crypto", "--into", "ai"]):
        said = command("tags", *words)
        assert said.code == 1
        assert "the shipped one is not to be changed; stand in your workspace" in said.errors[0]


def test_without_readers_a_merge_changes_the_file_only(command: Command, tmp_path: Path) -> None:
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "subscribers/tags.yaml").write_text(VOCABULARY, "utf-8")
    assert command("tags", "merge", "gpus", "--into", "ai-chips", "--json").document["readers"] == 0
    assert "replaced_by: ai-chips" in vocabulary_text(tmp_path)
    assert not (tmp_path / "newsletter.db").exists()
    assert command("tags", "check").code == 0


def test_words_and_tags_are_added(command: Command, workspace: Path) -> None:
    assert command("tags", "add", "graphics cards", "GPU", "--to", "gpus").code == 0
    new = ("--chinese", "核聚变", "--alias", "nuclear fusion", "--under", "AI", "--offered")
    assert command("tags", "add", "Fusion", *new).code == 0

    shown = command("tags", "show", "nuclear-fusion", "--json").document
    assert (shown["slug"], shown["parents"], shown["offered"]) == ("fusion", ["ai"], True)
    assert command("tags", "show", "Graphics Cards", "--json").document["readers"] == 2
    clash = command("tags", "add", "coins", "--to", "ai")
    assert (clash.code, "'coins' means crypto already" in clash.errors[0]) == (1, True)
    assert command("tags", "add", "One", "Two").code == 2
    assert command("tags", "add", "One", "--slug", "A b").code == 1
    assert "fusion:" in vocabulary_text(workspace)


def test_suggest_names_pairs_their_reasons_and_where_they_stand(command: Command, tmp_path: Path) -> None:
    said = command("tags", "suggest", FOLDER / "real-tags.txt", "--json")
    pairs = {(pair["one"], pair["other"]): pair for pair in said.document}

    assert said.code == 0
    assert pairs["Nvdia", "Nvidia"] == {
        "one": "Nvdia", "other": "Nvidia", "reason": "typo", "score": 0.75, "tags": ["nvidia", "nvidia"],
    }  # fmt: skip
    assert not any({"AI5", "AI6"} & set(pair) for pair in pairs)
    (tmp_path / "list.txt").write_text("stablecoin\nstabelcoin\nsquirel\nsquirrel\n", "utf-8")
    shown = command("tags", "suggest", "list.txt")
    assert "2 of them open" in shown.err
    assert "newsletter tags add" in shown.err


def test_check_names_stories_that_nobody_would_get(command: Command, workspace: Path) -> None:
    said = command("tags", "check", "issue.md", "--json")
    unread = [finding for finding in said.document["findings"] if finding["rule"] == "unread"]

    assert said.code == 1
    assert [(one["line"], one["severity"]) for one in unread] == [(9, "error"), (16, "error")]
    assert [(one["followers"], one["readers"]) for one in said.document["stories"]] == [(0, 0), (0, 0)]
    with open_store(address_of(workspace)) as store:
        take_in(store, an_entry(9), newsletter="china-ai-brief")
    assert "only the 1 without interests would get it" in command("tags", "check", "issue.md").err


def test_tags_are_proposed_for_stories_and_written_when_told(command: Command, workspace: Path) -> None:
    said = command("tags", "suggest", "--for", "issue.md", "--json").document
    assert [[one["slug"] for one in story["proposed"]] for story in said] == [["gpus"], ["crypto"]]
    assert (workspace / "issue.md").read_text("utf-8") == ISSUE

    assert command("tags", "suggest", "--for", "issue.md", "--write").code == 0
    written = (workspace / "issue.md").read_text("utf-8")
    assert written == ISSUE.replace("- Tags: squirrel", "- Tags: squirrel, GPUs") + "- Tags: Crypto\n"
    after = command("tags", "check", "issue.md", "--json").document["stories"]
    assert [one["followers"] for one in after] == [3, 2]


def test_tags_are_written_into_markdown_only(command: Command, workspace: Path) -> None:
    (workspace / "issue.yaml").write_text(
        "newsletter: china-ai-brief\ndate: 2026-06-10\nsubject: x\nsections:\n- stories:\n"
        "  - {headline: GPUs again, summary: x}\n",
        "utf-8",
    )
    said = command("tags", "suggest", "--for", "issue.yaml", "--write")
    assert (said.code, "into a Markdown brief only" in said.errors[0]) == (1, True)


def test_completion_knows_the_tags_that_begin_so(workspace: Path) -> None:
    asked = {"_NEWSLETTER_COMPLETE": "complete_bash", "COMP_WORDS": "newsletter tags show ai-", "COMP_CWORD": "3"}
    script = Path(sys.executable).with_name("newsletter")
    said = subprocess.run([script], cwd=workspace, env=os.environ | asked, capture_output=True, text=True, check=False)
    assert said.stdout.split() == ["ai-chips"]
