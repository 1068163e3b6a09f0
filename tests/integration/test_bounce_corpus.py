"""
The bounces that flufl.bounce is tested with, 117 of them from real servers: read without a crash, and understood.

They come with its source (Apache-2.0), which pip fetches; they are not copied into this repository.
"""

import ast
import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

from newsletter.ingest.understanding import MailKind, understand
from newsletter.ingest.vague import failed_addresses


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flufl")
    wanted = f"flufl.bounce=={version('flufl.bounce')}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", wanted]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=300)
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        if os.environ.get("CI") == "true":
            pytest.fail(f"the source of flufl.bounce cannot be fetched: {said}")
        pytest.skip(f"the source of flufl.bounce cannot be fetched: {said}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    (found,) = (path for path in folder.iterdir() if path.is_dir())
    return found / "tests"


def expected_addresses(source: Path) -> dict[str, set[str]]:
    """By file, as its own tests have them; what is in no table there names nobody."""
    tree = ast.parse((source / "test_detectors.py").read_text(encoding="utf-8"))
    tables = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DETECTORS"
    ]
    found: dict[str, set[str]] = {path.name: set() for path in (source / "data").glob("*.txt")}
    for _, name, addresses, _ in ast.literal_eval(tables[0]):
        found[name] |= {address.decode() for address in addresses}
    return found


def test_nearly_all_are_about_the_addresses_that_they_are_about(source: Path) -> None:
    expected = expected_addresses(source)
    assert len(expected) >= 117
    found = {name: set.union(*failed_addresses((source / "data" / name).read_bytes())) for name in expected}
    right = [name for name in expected if found[name] == expected[name]]
    assert len(right) >= 112, {name: found[name] for name in expected if name not in right}


def test_all_of_them_are_read_and_most_are_understood(source: Path) -> None:
    kinds = [understand(path.read_bytes()).kind for path in (source / "data").glob("*.txt")]
    assert kinds.count(MailKind.REPORT) >= 112
    assert kinds.count(MailKind.LEAVING) == 0
