"""From what people have (pasted text, Word, HTML, mail) to an issue file, and what could not be placed."""

from newsletter.importing.guesses import Wishes, Workspace
from newsletter.importing.issues import Imported, import_source
from newsletter.importing.sources import FILE_LIMIT, read_source, too_large

__all__ = ["FILE_LIMIT", "Imported", "Wishes", "Workspace", "import_source", "read_source", "too_large"]
