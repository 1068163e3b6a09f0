"""The README's pictures: there, of a modest size, and what a browser draws today."""

import struct
from pathlib import Path

import pytest

from tests.judge.pictures import EXAMPLES, IMAGES, SCREENS, take
from tests.judge.programs import is_ci, missing

pytestmark = [pytest.mark.xdist_group("judge"), pytest.mark.slow]


def size_of(path: Path) -> tuple[int, int]:
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return width, height


def test_the_pictures_can_be_taken_and_the_readme_shows_them(tmp_path: Path) -> None:
    if "chromium" in missing():
        pytest.fail("install chromium") if is_ci() else pytest.skip("install chromium")
    readme = (IMAGES.parents[1] / "README.md").read_text(encoding="utf-8")

    taken = list(take(tmp_path))

    assert len(taken) == len(EXAMPLES) * len(SCREENS) * 2
    assert len({path.read_bytes() for path in taken}) == len(taken)
    for path in taken:
        committed = IMAGES / path.name
        # Not compared by bytes: fonts differ from machine to machine.
        assert size_of(committed) == size_of(path)
        assert committed.stat().st_size < 250_000
        assert f"docs/images/{path.name}" in readme
