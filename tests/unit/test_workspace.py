"""Which templates and which vocabulary a command uses, depending on where it is called."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter import workspace
from newsletter.errors import TemplateError
from newsletter.workspace import segments_file, shipped, templates_folder, vocabulary_file

ROOT = Path(__file__).parents[2]
SHIPPED = {
    "templates": ROOT / "templates",
    "subscribers": ROOT / "subscribers",
    "examples": ROOT / "docs" / "examples",
    "env.example": ROOT / ".env.example",
}


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", SHIPPED)
def test_a_checkout_ships_what_stands_in_it(name: str, empty_folder: Path) -> None:
    assert shipped(name) == SHIPPED[name]
    assert shipped(name).exists()


def test_a_wheel_ships_what_it_carries(tmp_path: Path) -> None:
    package = tmp_path / "newsletter"
    (package / "_shipped").mkdir(parents=True)
    shutil.copy(Path(workspace.__file__), package)
    found: Callable[[str], Path] = _loaded_from(package / "workspace.py")
    assert [found(name) for name in SHIPPED] == [package / "_shipped" / name for name in SHIPPED]


def _loaded_from(file: Path) -> Callable[[str], Path]:
    """`shipped` of a copy of the module that believes to live elsewhere."""
    names: dict[str, object] = {"__file__": str(file), "__name__": "copied_workspace"}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), names)  # noqa: S102 (our own source)
    found = names["shipped"]
    assert callable(found)
    return found


def test_an_empty_folder_gets_the_shipped_files(empty_folder: Path) -> None:
    assert templates_folder() == ROOT / "templates"
    assert vocabulary_file() == ROOT / "subscribers" / "tags.yaml"
    assert segments_file() == ROOT / "subscribers" / "segments.yaml"


def test_a_workspace_of_ones_own_goes_first(empty_folder: Path) -> None:
    for name in ("templates/newsletters.yaml", "subscribers/tags.yaml"):
        (empty_folder / name).parent.mkdir()
        (empty_folder / name).write_text("", encoding="utf-8")
    assert templates_folder() == Path("templates")
    assert vocabulary_file() == Path("subscribers/tags.yaml")
    assert segments_file() == ROOT / "subscribers" / "segments.yaml"


def test_a_templates_folder_that_declares_no_newsletter_is_somebody_elses(empty_folder: Path) -> None:
    (empty_folder / "templates").mkdir()
    assert templates_folder() == ROOT / "templates"


def test_the_folder_that_was_asked_for_is_used_whatever_stands_here(empty_folder: Path) -> None:
    (empty_folder / "templates").mkdir()
    (empty_folder / "templates" / "newsletters.yaml").touch()
    (empty_folder / "ours").mkdir()
    assert templates_folder(Path("ours")) == Path("ours")


@pytest.mark.parametrize("name", ["missing", "letter.txt"])
def test_a_folder_that_is_none_is_said_in_one_line(name: str, empty_folder: Path) -> None:
    (empty_folder / "letter.txt").touch()
    with pytest.raises(TemplateError) as caught:
        templates_folder(Path(name))
    assert str(caught.value) == f"{name}: there is no such folder; name the folder that holds newsletters.yaml"
