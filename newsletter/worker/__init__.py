"""Send what is due, until told to stop: mailings whose time has come, and those whose sender died."""

from newsletter.worker.alone import Worker
from newsletter.worker.crew import Crew
from newsletter.worker.duty import UNCONFIRMED
from newsletter.worker.engine import Engine

__all__ = ["UNCONFIRMED", "Crew", "Engine", "Worker"]
