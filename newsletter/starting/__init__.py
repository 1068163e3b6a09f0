"""Begin: a workspace that is complete, and an issue file that is explained and can be built as it stands."""

from newsletter.starting.identity import QUESTIONS, Identity, checked
from newsletter.starting.schema import schema_line, schema_of
from newsletter.starting.skeleton import choose_newsletter, skeleton
from newsletter.starting.workspace import ENV_FILE, LaidOut, lay_out
from newsletter.starting.writing import write_issue

__all__ = [
    "ENV_FILE",
    "QUESTIONS",
    "Identity",
    "LaidOut",
    "checked",
    "choose_newsletter",
    "lay_out",
    "schema_line",
    "schema_of",
    "skeleton",
    "write_issue",
]
