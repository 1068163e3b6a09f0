"""
The part of a compile that runs templates and other people's compilers. It runs behind the fence only.

What goes in has no file, no setting and no reader in it; what comes out is two texts, or findings.
"""

from typing import Any

from newsletter.compiler.job import Job
from newsletter.compiler.pouring import place_of, pour
from newsletter.errors import Finding, TemplateError
from newsletter.mjml import Fault, html_of, lint

#: more faults than this about one template help nobody
_FAULT_LIMIT = 20
_WARM = '<mjml><mj-head><mj-style inline="inline">p{margin:0px}</mj-style></mj-head><mj-body></mj-body></mjml>'


def press(job: Job) -> tuple[str, str, list[dict[str, Any]]]:
    """HTML, text, and what is wrong with the templates."""
    try:
        return _html(job), pour(job.files, f"{job.folder}/text.txt", job.text), []
    except TemplateError as error:
        return "", "", [_plain(finding) for finding in error.findings]


def warm() -> None:
    """Import what a compile needs."""
    html_of(_WARM)


def _html(job: Job) -> str:
    mjml = pour(job.files, job.layout, job.html)
    faults = [fault for _, fault in zip(range(_FAULT_LIMIT), lint(mjml), strict=False)]
    made = faults or html_of(mjml)
    if isinstance(made, str):
        return made
    raise TemplateError(*(_placed(fault, job) for fault in (made if isinstance(made, list) else [made])))


def _placed(fault: Fault, job: Job) -> Finding:
    place = place_of(fault.offset, job.files, job.layout, job.html)
    return Finding(message=fault.message, fix=fault.fix, path=place.path, line=place.line, rule="mjml")


def _plain(finding: Finding) -> dict[str, Any]:
    return {name: value for name, value in finding.as_json().items() if name != "severity"}
