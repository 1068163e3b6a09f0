"""For all tests: on a busy machine a case may take long, and that says nothing about the code."""

import os

from hypothesis import settings

settings.register_profile("untimed", settings.get_profile("ci" if os.environ.get("CI") else "default"), deadline=None)
settings.load_profile("untimed")
