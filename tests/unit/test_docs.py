"""No page sends its reader to a place, a command or a make target that does not exist."""

from pathlib import Path
from typing import Any

import pytest
import typer

from newsletter.cli import app
from tests.pages import broken_links, missing_targets, pages_of, read_page, wrong_commands

ROOT = Path(__file__).parents[2]
PAGES = [str(path.relative_to(ROOT)) for path in pages_of(ROOT)]
EXPECTED = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]


@pytest.fixture(scope="session")
def our_commands() -> Any:
    return typer.main.get_command(app)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_pages_that_people_look_for_are_there(name: str) -> None:
    assert name in PAGES


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    assert broken_links(read_page(ROOT / name), ROOT) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_command_on_a_page_exists(name: str, our_commands: Any) -> None:
    assert wrong_commands(read_page(ROOT / name), our_commands) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_make_target_on_a_page_exists(name: str) -> None:
    assert missing_targets(read_page(ROOT / name), (ROOT / "Makefile").read_text(encoding="utf-8")) == []


# That the reader of pages itself sees what is wrong:


@pytest.fixture
def toy_commands() -> Any:
    app = typer.Typer()
    tags = typer.Typer()
    app.add_typer(tags, name="tags")

    @app.command()
    def build(issue: str, out: str = typer.Option("out", "-o", "--out")) -> None: ...

    @tags.command("list")
    def list_tags(as_json: bool = typer.Option(False, "--json")) -> None: ...

    return typer.main.get_command(app)


@pytest.mark.parametrize(
    ("link", "broken"),
    [
        ("[a](other.md)", False),
        ("[a](missing.md)", True),
        ("[a](other.md#second-part)", False),
        ("[a](other.md#second-part-1)", False),
        ("[a](other.md#the-build-command)", False),
        ("[a](other.md#第二部分)", False),
        ("[a](other.md#third-part)", True),
        ("[a](#here)", False),
        ("[a](#there)", True),
        ("![a](missing.png)", True),
        ('<img src="missing.png" alt="a">', True),
        ('<a href="other.md">a</a>', False),
        ("[a](../outside.md)", True),
        ("[a](/etc/hostname)", True),
        ("[a](https://example.com/missing)", False),
        ("[a][there]\n\n[there]: missing.md", True),
        ("| x | y |\n| --- | --- |\n| [a](missing.md) | b |", True),
        ("`[a](missing.md)`", False),
        ("```\n[a](missing.md)\n```", False),
    ],
)
def test_a_link_that_leads_nowhere_is_seen(link: str, broken: bool, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside.md").touch()
    (root / "page.md").write_text(f"# Here\n\n{link}\n", encoding="utf-8")
    other = "# Second part\n\n## Second part!\n\n## The `build` command\n\n## 第二部分\n"
    (root / "other.md").write_text(other, encoding="utf-8")
    assert bool(broken_links(read_page(root / "page.md"), root)) is broken


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("newsletter build a.md -o out", None),
        ("newsletter biuld a.md", "there is no biuld"),
        ("newsletter build a.md --oops", "there is no --oops"),
        ("newsletter build a.md --out=x", None),
        ("newsletter tags list --json", None),
        ("newsletter tags lsit", "there is no lsit"),
        ("newsletter list", "there is no list"),
        ("newsletter --help", None),
        (".venv/bin/newsletter biuld", "there is no biuld"),
        ("python3 -m newsletter biuld", "there is no biuld"),
        ("TZ=UTC newsletter biuld", "there is no biuld"),
        ("cat a.md | newsletter biuld -", "there is no biuld"),
        ("cd x && newsletter \\\n  biuld", "there is no biuld"),
        ("newsletter build a.md > --log", None),
        ("newsletter build a.md # --not an option", None),
        ("git clone newsletter biuld", None),
    ],
)
def test_a_command_that_does_not_exist_is_seen(
    typed: str, complaint: str | None, tmp_path: Path, toy_commands: Any
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```sh\n{typed}\n```\n", encoding="utf-8")
    found = wrong_commands(read_page(page), toy_commands)
    assert [said.rpartition(": ")[2] for said in found] == ([complaint] if complaint else [])


def test_only_what_is_typed_counts_in_a_console_block(tmp_path: Path, toy_commands: Any) -> None:
    page = tmp_path / "page.md"
    block = "```console\n$ newsletter biuld\nnewsletter answers\n```\n\nSay `newsletter lsit`, or `newsletter …`.\n"
    page.write_text(block, encoding="utf-8")
    assert wrong_commands(read_page(page), toy_commands) == [
        "newsletter biuld: there is no biuld",
        "newsletter lsit: there is no lsit",
    ]


def test_a_missing_make_target_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\nmake test T=tests/unit\nmake -s tset\n```\n", encoding="utf-8")
    assert missing_targets(read_page(page), "test: ready ## all\n\tpytest\n") == ["tset"]
