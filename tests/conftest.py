"""For all tests: on a busy machine a case may take long, and that says nothing about the code."""

import os

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
