"""Readers in and out: lists from files, and one reader at a time."""

from newsletter.roster.asking import Asked, ask_about
from newsletter.roster.importing import ImportResult, Intake, import_readers
from newsletter.roster.one import (
    add_reader,
    change_interests,
    find_everywhere,
    find_reader,
    known_interests,
    unsubscribe,
)

__all__ = [
    "Asked",
    "ImportResult",
    "Intake",
    "add_reader",
    "ask_about",
    "change_interests",
    "find_everywhere",
    "find_reader",
    "import_readers",
    "known_interests",
    "unsubscribe",
]
