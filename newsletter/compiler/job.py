"""What goes to press: plain values for both parts and the texts of the templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from newsletter.edition import digest
from newsletter.errors import Finding, TemplateError
from newsletter.fence import FenceError, fenced

_PRESS = "newsletter.compiler.press:press"


@dataclass(frozen=True, slots=True)
class Job:
    #: the texts of the templates, by path below their root
    files: Mapping[str, str]
    #: the template folder's name
    folder: str
    html: Mapping[str, Any]
    text: Mapping[str, Any]

    @property
    def layout(self) -> str:
        return f"{self.folder}/layout.mjml"


def pressed(job: Job) -> tuple[str, str]:
    """
    HTML and text, made behind the fence.

    :raises TemplateError: with the template's line; or it crashes the compiler, takes too long, grows too large
    """
    try:
        key = digest([text for name in sorted(job.files) for text in (name, job.files[name])])
        html, text, findings = fenced(_PRESS, job, key=key)
    except FenceError as error:
        message = f"cannot be compiled: it {error.findings[0].message}"
        raise TemplateError(Finding(message=message, fix="make the template simpler", path=job.layout)) from error
    if findings:
        raise TemplateError(*(Finding(**finding) for finding in findings))
    return html, text
