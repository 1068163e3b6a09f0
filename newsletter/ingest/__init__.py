"""What is told of our mail after it has left: recognised, kept once, and applied."""

from newsletter.ingest.reported import take_in
from newsletter.ingest.waiting import apply_waiting

__all__ = ["apply_waiting", "take_in"]
