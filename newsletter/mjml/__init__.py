"""
From MJML to the HTML of a mail. The only room that knows MJML's compiler and the CSS inliner.

mjml-python is fenced in from both sides, for reasons that were measured: it writes attribute values with Rust's
escapes, takes a tag it does not know for HTML, and misreads a `0` without a unit. premailer inlines our own rules only,
fetches nothing, and is kept from dropping the doctype and from overwriting widths.
"""

from newsletter.mjml.compiling import html_of
from newsletter.mjml.linting import Fault, lint

__all__ = ["Fault", "html_of", "lint"]
