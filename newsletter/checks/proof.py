"""The mail as the rules see it: one edition with every story, its markup read once."""

from dataclasses import dataclass
from functools import cached_property

from newsletter.checks.markup import Markup, read_markup
from newsletter.edition import CompiledIssue, Edition, cut_edition
from newsletter.masthead import Imprint


@dataclass(frozen=True)
class Proof:
    compiled: CompiledIssue
    imprint: Imprint

    @cached_property
    def edition(self) -> Edition:
        return cut_edition(self.compiled, [story.id for story in self.compiled.stories])

    @cached_property
    def markup(self) -> Markup:
        return read_markup(self.edition.html)
