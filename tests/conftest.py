"""For all tests: on a busy machine a case may take long, and that says nothing about the code."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import postgres

settings.register_profile("untimed", settings.get_profile("ci" if os.environ.get("CI") else "default"), deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With a server, senders leave their recorders in the folder where they work."""
    if postgres.IS_WANTED:
        os.chdir(tmp_path_factory.mktemp("senders"))


@pytest.fixture(autouse=True)
def _dropped(request: pytest.FixtureRequest) -> Iterator[None]:
    """With a server, what a test had in its own folder goes with it."""
    if not postgres.IS_WANTED or "tmp_path" not in request.fixturenames:
        yield
        return
    folder: Path = request.getfixturevalue("tmp_path")
    yield
    postgres.drop_below(folder)
