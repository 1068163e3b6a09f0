"""The wheel: what it carries, and that it works from a folder that knows nothing of this one."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path

import pytest

from newsletter import __version__

# One process builds the wheel for all of these.
pytestmark = pytest.mark.xdist_group("wheel")

ROOT = Path(__file__).parents[2]
#: what stands in the repository, by where the wheel carries it
CARRIED = {
    "newsletter/_shipped/templates": ROOT / "templates",
    "newsletter/_shipped/examples": ROOT / "docs" / "examples",
    "newsletter/_shipped/subscribers/tags.yaml": ROOT / "subscribers" / "tags.yaml",
    "newsletter/_shipped/subscribers/segments.yaml": ROOT / "subscribers" / "segments.yaml",
    "newsletter/_shipped/subscribers/sample.csv": ROOT / "subscribers" / "sample.csv",
    "newsletter/_shipped/env.example": ROOT / ".env.example",
    "newsletter/web/preview/page": ROOT / "newsletter" / "web" / "preview" / "page",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make wheel` does; hatchling asks no network."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-compile")
    _run(sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(wheel), cwd=folder)
    return folder


def _run(*command: str, cwd: Path, path: Path | None = None) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSLETTER_", "PYTHON"))}
    if path:
        environ["PYTHONPATH"] = str(path)
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def _files(place: str, source: Path) -> Iterator[tuple[str, Path]]:
    if source.is_file():
        yield place, source
    for file in source.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"{place}/{file.relative_to(source).as_posix()}", file


@pytest.mark.parametrize("place", CARRIED)
def test_the_wheel_carries_what_stands_in_the_repository(place: str, wheel: Path) -> None:
    expected = dict(_files(place, CARRIED[place]))
    assert expected
    with zipfile.ZipFile(wheel) as archive:
        assert {name: archive.read(name) for name in expected} == {
            name: file.read_bytes() for name, file in expected.items()
        }


def test_the_wheel_carries_every_module_and_migration(wheel: Path) -> None:
    package = ROOT / "newsletter"
    modules = {name for name, file in _files("newsletter", package) if file.suffix == ".py"}
    assert modules - set(_names(wheel)) == set()
    assert any("/migrations/versions/" in name for name in modules)


def test_the_wheel_carries_nothing_that_is_not_ours_to_give(wheel: Path) -> None:
    folders = {name.split("/")[0] for name in _names(wheel)}
    assert folders == {"newsletter", f"newsletter-{__version__}.dist-info"}
    readers = [name for name in _names(wheel) if name.endswith((".csv", ".db", ".env"))]
    assert readers == ["newsletter/_shipped/subscribers/sample.csv"]


def test_the_wheel_says_the_version_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_string(archive.read(f"newsletter-{__version__}.dist-info/METADATA").decode())
        licence = archive.read(f"newsletter-{__version__}.dist-info/licenses/LICENSE").decode()
    assert (metadata["Version"], metadata["License-Expression"]) == (__version__, "MIT")
    assert licence.startswith("MIT License")


def test_the_installed_program_is_the_one_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    said = _run(sys.executable, "-c", "import newsletter; print(newsletter.__file__)", cwd=tmp_path, path=installed)
    assert Path(said.strip()) == installed / "newsletter" / "__init__.py"
    assert _run(sys.executable, "-m", "newsletter", "--version", cwd=tmp_path, path=installed).split()[-1] == (
        __version__
    )
    assert "build" in _run(sys.executable, "-m", "newsletter", "--help", cwd=tmp_path, path=installed)


@pytest.mark.parametrize("example", ["china-ai-brief", "china-team-note"])
def test_a_shipped_example_builds_in_an_empty_folder(example: str, installed: Path, tmp_path: Path) -> None:
    issue = installed / "newsletter" / "_shipped" / "examples" / f"{example}.md"
    _run(sys.executable, "-m", "newsletter", "build", str(issue), "-o", "out", cwd=tmp_path, path=installed)
    assert {file.suffix for file in (tmp_path / "out").iterdir()} == {".html", ".txt", ".eml", ".json"}
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_the_lock_names_neither_an_index_nor_a_machine() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "://" in line or line.startswith("-") or " /" in line or "@" in line] == []


def test_the_lock_has_a_hash_for_everything_and_the_build_backend() -> None:
    entries = (ROOT / "requirements.lock").read_text(encoding="utf-8").split("\n    # via")
    pinned = [line for line in "\n".join(entries).splitlines() if "==" in line]
    assert len(pinned) > 40
    assert all(line.endswith("\\") for line in pinned)
    assert {"hatchling", "editables"} <= {line.partition("==")[0] for line in pinned}
