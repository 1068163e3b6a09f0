"""Read issue files and the newsletters' declarations: text in, a checked model and every place out."""

from newsletter.reader.mastheads import read_mastheads
from newsletter.reader.reading import Reading
from newsletter.reader.source import read_issue, read_issue_text

__all__ = ["Reading", "read_issue", "read_issue_text", "read_mastheads"]
