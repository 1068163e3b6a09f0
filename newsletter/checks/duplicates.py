"""NL4xx: what stands here twice, or stood in an issue before."""

from collections.abc import Iterator

from newsletter.checks.manuscript import Manuscript
from newsletter.checks.rules import Rule, Spotted, file_rule
from newsletter.checks.telling import Told, alike


@file_rule(
    Rule(
        id="NL401",
        title="Two stories of one page",
        reason="The reader counts stories; the same page twice costs the trust that the count deserves.",
        example="- URL: https://example.com/a?utm_source=x\n…\n- URL: http://www.example.com/a/",
        mend="Make one story of the two.",
    )
)
def same_page(draft: Manuscript) -> Iterator[Spotted]:
    first: dict[str, Told] = {}
    for one in draft.told:
        other = first.setdefault(one.page, one) if one.page else one
        if other is not one and one.path:
            yield Spotted((*one.path, "url"), f"is the page of {other.where} as well", "make one story of the two")


@file_rule(
    Rule(
        id="NL402",
        title="Two stories that tell the same",
        reason="Two sources reported one event, and both were taken. Readers who notice skip the rest.",
        example="### City funds computing grid\n…\n### Computing grid funded by the city",
        mend="Make one story of the two, with both sources; or allow the rule, and say what the second adds.",
    )
)
def same_story(draft: Manuscript) -> Iterator[Spotted]:
    for one, other, how in alike(draft.told, draft.told):
        if not one.page or one.page != other.page:  # else NL401 has said so
            yield Spotted(one.path or (), f"tells what {other.where} tells ({how})", "make one story of the two")


@file_rule(
    Rule(
        id="NL411",
        title="A story that readers had before",
        reason="A daily reader remembers yesterday. A story may go on, but it must say what is new.",
        example="### Harbour City funds a computing grid (as in the issue of the day before)",
        mend="Take it out, or say in headline and summary what is new since then.",
    )
)
def told_before(draft: Manuscript) -> Iterator[Spotted]:
    pages = {one.page: one for one in draft.told_before if one.page}
    told = {one.path: (pages[one.page], "the same page") for one in draft.told if one.page in pages}
    for one, other, how in alike(draft.told, draft.told_before):
        told.setdefault(one.path, (other, how))
    for path, (other, how) in told.items():
        yield Spotted(path or (), f"stood in {other.where} ({how})", "take it out, or say what is new")
