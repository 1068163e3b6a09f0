"""The doors for documents: Word, HTML and mail in, the common form of lines out."""

from newsletter.importing.documents.docx import read_docx
from newsletter.importing.documents.eml import read_eml
from newsletter.importing.documents.html import read_html

__all__ = ["read_docx", "read_eml", "read_html"]
