"""What the libraries below a compile take alone: Jinja, MJML's compiler and premailer, called as their manuals say."""

import logging
import re
from collections.abc import Callable

from jinja2 import DictLoader, Environment
from mjml import mjml2html
from premailer import Premailer

from newsletter.compiler.job import Job
from newsletter.plaintext import FILTERS

_INLINE_STYLE = re.compile(r'<mj-style\s+inline="inline"\s*>(.*?)</mj-style>', re.DOTALL)


def libraries_alone(job: Job) -> Callable[[], str]:
    """Both parts of one issue from the same templates and values: no sandbox, linter, fence, cutting or hashes."""
    html, text = _environment(job, is_html=True), _environment(job, is_html=False)

    def compiled() -> str:
        mjml = html.get_template(job.layout).render(job.html)
        css = "".join(_INLINE_STYLE.findall(mjml))
        made = mjml2html(_INLINE_STYLE.sub("", mjml), fonts={})
        inliner = Premailer(
            made,
            css_text=[css],
            keep_style_tags=True,
            allow_network=False,
            disable_validation=True,
            cssutils_logging_level=logging.CRITICAL,
        )
        return str(inliner.transform()) + text.get_template(f"{job.folder}/text.txt").render(job.text)

    return compiled


def _environment(job: Job, *, is_html: bool) -> Environment:
    loader = DictLoader(dict(job.files))
    # the text part is no HTML
    jinja = Environment(loader=loader, autoescape=is_html, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    jinja.filters.update(FILTERS)
    return jinja
