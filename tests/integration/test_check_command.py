"""`newsletter check` as people and programs use it: planted mistakes, neighbours, secrets, links."""

import re
import time
from pathlib import Path

import pytest

from newsletter.checks import RULES
from tests.checking import a_brief_file, a_story
from tests.integration.conftest import Command, Said

ROOT = Path(__file__).parents[2]
PLANTED = ROOT / "tests" / "planted"
#: line and rule of each mistake stand beside the file, for a comment in it would be one more line to check
EXPECTED = re.compile(r"^(\d+) (NL\d{3})", re.MULTILINE)


def found_by(done: Said) -> list[tuple[int | None, str]]:
    return sorted(((one["line"], one["rule"]) for one in done.document), key=lambda one: (one[0] or 0, one[1]))


def expected_of(name: str) -> list[tuple[int, str]]:
    table = (PLANTED / f"{name}.txt").read_text(encoding="utf-8")
    return sorted((int(line), rule) for line, rule in EXPECTED.findall(table))


def laid_out(tmp_path: Path) -> None:
    """The planted files with what stands around them: an issue of the day before, and a secret."""
    for path in PLANTED.glob("*.md"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "subscribers" / "confidential.yaml").write_text(
        "northwind: [Northwind Bank, 北风银行]\n", encoding="utf-8"
    )


@pytest.mark.parametrize("name", ["brief", "note"])
def test_every_planted_mistake_is_found_on_its_line_and_nothing_else(
    name: str, command: Command, tmp_path: Path
) -> None:
    laid_out(tmp_path)
    done = command("check", f"{name}.md", "--json")
    assert found_by(done) == expected_of(name)
    assert done.code == 1
    assert {one["path"] for one in done.document} == {f"{name}.md"}


def test_forty_mistakes_and_more_are_planted_in_the_brief_alone() -> None:
    assert len(expected_of("brief")) >= 40
    planted = {rule for name in ("brief", "note") for _, rule in expected_of(name)}
    of_files = {rule.id for rule in RULES.values() if rule.stage in ("file", "allow")}
    assert of_files - planted == set()


def test_the_file_without_its_mistakes_is_clean(command: Command) -> None:
    for example in sorted((ROOT / "docs" / "examples").glob("*.md")):
        assert command("check", example, "--json").document == []


def test_a_line_for_people_ends_with_the_rule_and_the_way_to_its_explanation(command: Command, tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text(planted_brief(a_story(URL="")), encoding="utf-8")
    done = command("check", "issue.md")
    assert "warning: issue.md:8:1: sections[1].stories[1]: has no url; add it, or 'URL: none'" in done.err
    assert done.err.count("[NL104]") == 1
    assert done.err.count("newsletter check --explain NL104") == 1
    assert done.out == "1 file: 0 errors, 1 warning\n"


def planted_brief(*stories: str, front: str = "", day: str = "2026-06-10") -> str:
    text = a_brief_file(*stories, front=front, day=day)
    return text.replace("harbour-brief", "china-ai-brief")


def test_explain_says_what_why_and_how_to_allow(command: Command) -> None:
    done = command("check", "--explain", "nl402")
    assert done.code == 0
    assert all(word in done.out for word in ("NL402", "For example:", "Instead:", "- NL402: why it is all right"))
    assert command("check", "--explain", "NL501", "--json").document["can_be_allowed"] is False
    unknown = command("check", "--explain", "NL4O2")
    assert (unknown.code, len(unknown.errors)) == (1, 1)
    assert "did you mean NL402?" in unknown.err


def test_without_a_file_and_without_a_rule_it_says_what_to_name(command: Command) -> None:
    assert command("check").code == 2


def test_strict_makes_warnings_errors(command: Command, tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text(planted_brief(a_story(URL="")), encoding="utf-8")
    assert command("check", "issue.md").code == 0
    assert command("check", "issue.md", "--strict").code == 1
    (tmp_path / "issue.md").write_text(planted_brief(a_story(URL=""), front="allow: [NL104: a release]\n"), "utf-8")
    assert command("check", "issue.md", "--strict").code == 0


def test_what_is_allowed_changes_no_byte_of_the_mail(command: Command, tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text(planted_brief(a_story(URL="")), encoding="utf-8")
    plain = command("build", "issue.md", "-o", "one", "--json").document["content_hash"]
    (tmp_path / "issue.md").write_text(planted_brief(a_story(URL=""), front="allow: [NL104: a release]\n"), "utf-8")
    assert command("build", "issue.md", "-o", "two", "--json").document["content_hash"] == plain
    for name in ("issue.html", "issue.txt", "issue.eml"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


# Issues before this one:


def test_the_last_issues_of_the_folder_are_remembered(command: Command, tmp_path: Path) -> None:
    (tmp_path / "monday.md").write_text(planted_brief(a_story("A port orders a grid"), day="2026-06-08"), "utf-8")
    (tmp_path / "later.md").write_text(planted_brief(a_story("Ships report a day earlier"), day="2026-06-12"), "utf-8")
    other = planted_brief(a_story("Fees rise in the harbour"), day="2026-06-08").replace("china-ai-brief", "china-team")
    (tmp_path / "other.md").write_text(other.replace("date:", "kind: daily-brief\ndate:"), encoding="utf-8")
    stories = (
        a_story("A port orders a grid"),
        a_story("Ships report a day earlier"),
        a_story("Fees rise in the harbour"),
    )
    (tmp_path / "issue.md").write_text(planted_brief(*stories), encoding="utf-8")
    found = command("check", "issue.md", "--json").document
    assert [(one["rule"], one["line"]) for one in found] == [("NL411", 8)]
    assert "'monday' of 2026-06-08" in found[0]["message"]


def test_no_neighbour_can_fail_a_check(command: Command, tmp_path: Path) -> None:
    head = "newsletter: china-ai-brief\ndate: 2026-06-09\n"
    (tmp_path / "issue.md").write_text(planted_brief(), encoding="utf-8")
    (tmp_path / "a.md").write_bytes(b"\xff\xfe\x00" + head.encode("utf-16"))
    (tmp_path / "b.md").write_text(f"---\n{head}subject: [", encoding="utf-8")
    (tmp_path / "c.yaml").write_text(head + "sections: " + "[" * 50_000, encoding="utf-8")
    (tmp_path / "d.md").write_text(f"---\n{head}---\n" + "x" * 250_000, encoding="utf-8")
    (tmp_path / "e.md").symlink_to("/dev/zero")
    (tmp_path / "f.md").symlink_to("nowhere")
    (tmp_path / "g.md").mkdir()
    (tmp_path / "h.md").write_text("---\nnewsletter: china-ai-brief\ndate: 2026-99-99\n---\n", encoding="utf-8")
    (tmp_path / "i.json").write_text('{"newsletter": "china-ai-brief", "date": "2026-06-09"', encoding="utf-8")
    (tmp_path / "secret.md").write_text(planted_brief(day="2026-06-09"), encoding="utf-8")
    (tmp_path / "secret.md").chmod(0)
    began = time.monotonic()
    done = command("check", "issue.md", "--json")
    assert time.monotonic() - began < 60  # a hang, and no measure: other programs share the cores
    assert done.code == 0
    assert {one["rule"] for one in done.document} <= {"NL411"}  # root may read what nobody may


# Confidential names:


def test_without_the_file_there_are_no_secrets_and_a_broken_one_is_told_in_one_line(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "issue.md").write_text(planted_brief(a_story("Northwind Bank bids")), encoding="utf-8")
    assert command("check", "issue.md", "--json").document == []
    (tmp_path / "subscribers").mkdir()
    secrets = tmp_path / "subscribers" / "confidential.yaml"
    secrets.write_text("northwind: N\n", encoding="utf-8")
    broken = command("check", "issue.md")
    assert (broken.code, len(broken.errors)) == (1, 1)
    assert "subscribers/confidential.yaml:1:1: northwind.names" in broken.err
    secrets.write_text("northwind: Northwind Bank\n", encoding="utf-8")
    assert [one["rule"] for one in command("check", "issue.md", "--json").document] == ["NL501"]
    secrets.write_text("northwind:\n  names: Northwind Bank\n  newsletters: china-ai-brief\n", encoding="utf-8")
    assert command("check", "issue.md", "--json").document == []


def test_git_ignores_the_secrets_here_and_in_a_new_workspace(command: Command, tmp_path: Path) -> None:
    import subprocess

    options = ("--sender-name", "A", "--sender-address", "a@example.com", "--postal-address", "B")
    assert command("init", "w", *options, "--unsubscribe-address", "leave@example.com").code == 0
    subprocess.run(["git", "init", "-q", tmp_path / "w"], check=True)
    for folder in (ROOT, tmp_path / "w"):
        asked = ["git", "-C", str(folder), "check-ignore", "-q", "subscribers/confidential.yaml"]
        assert subprocess.run(asked, check=False).returncode == 0


# Links are visited only when asked for:


def test_links_are_visited_only_with_online_and_never_inside(command: Command, tmp_path: Path) -> None:
    story = a_story(URL="https://no-such-host.invalid/a", source="[Wire](http://127.0.0.1:9/) · 2026-06-09")
    (tmp_path / "issue.md").write_text(planted_brief(story), encoding="utf-8")
    offline = command("check", "issue.md", "--json").document
    assert {one["rule"] for one in offline} == {"NL305"}
    online = command("check", "issue.md", "--json", "--online").document
    assert [(one["rule"], one["line"]) for one in online if one["rule"].startswith("NL8")] == [
        ("NL802", 9),
        ("NL801", 12),
    ]
