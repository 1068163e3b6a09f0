"""Readers in and out: lists from files, and one reader at a time."""

from newsletter.roster.asking import Asked, ask_about
from newsletter.roster.exporting import export_readers
from newsletter.roster.forgetting import Forgotten, forget_person
from newsletter.roster.importing import MOST_UNASKED, ImportResult, Intake, import_readers, import_table
from newsletter.roster.one import (
    add_reader,
    change_interests,
    everything_on,
    find_everywhere,
    find_reader,
    known_interests,
    unsubscribe,
)
from newsletter.roster.table import Table, open_table

__all__ = [
    "MOST_UNASKED",
    "Asked",
    "Forgotten",
    "ImportResult",
    "Intake",
    "Table",
    "add_reader",
    "ask_about",
    "change_interests",
    "everything_on",
    "export_readers",
    "find_everywhere",
    "find_reader",
    "forget_person",
    "import_readers",
    "import_table",
    "known_interests",
    "open_table",
    "unsubscribe",
]
