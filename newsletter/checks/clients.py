"""NL709: HTML and CSS that a mail program of our readers does not know (data of caniemail.com)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from newsletter.checks.features import features_of
from newsletter.checks.proof import Proof
from newsletter.checks.rules import Noted, Rule, Stage, mail_rule

#: what readers of a consultancy's mail use: as caniemail calls them, and as people do
PROGRAMS = {
    "gmail/desktop-webmail": "Gmail",
    "gmail/ios": "Gmail on iOS",
    "gmail/android": "Gmail on Android",
    "outlook/windows": "Outlook on Windows",
    "outlook/macos": "Outlook on macOS",
    "outlook/outlook-com": "Outlook on the web",
    "outlook/ios": "Outlook on iOS",
    "outlook/android": "Outlook on Android",
    "apple-mail/macos": "Apple Mail",
    "apple-mail/ios": "Apple Mail on iOS",
    "samsung-email/android": "Samsung Email",
    "yahoo/desktop-webmail": "Yahoo Mail",
    "yahoo/ios": "Yahoo Mail on iOS",
    "yahoo/android": "Yahoo Mail on Android",
    "thunderbird/macos": "Thunderbird",
}
#: where one is not known, the mail loses an ornament and nothing that is read: it may be used
ORNAMENTS = {
    "css-at-media-prefers-color-scheme": "the light scheme is kept, or the program recolours by itself",
    "css-color-scheme": "as above",
    "html-meta-color-scheme": "as above",
    "css-border-radius": "corners are square",
    "css-text-decoration-color": "the line under a link has the link's colour",
    "css-text-decoration-thickness": "the line has the usual thickness",
    "css-text-underline-offset": "the line has the usual distance",
    "html-anchor-links": "the list of contents is still a list",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What mail programs are known not to support."""

    #: how a feature is called, by slug
    titles: Mapping[str, str]
    #: which of our readers' programs do not know it
    lacking: Mapping[str, tuple[str, ...]]
    #: what MJML itself uses: a skeleton without content holds it
    baseline: frozenset[str]

    def losing(self, feature: str, within: frozenset[str]) -> list[str]:
        """Programs that meet the feature and do not know it."""
        spared = {program for at_rule in within for program in self.lacking.get(at_rule, ())}
        return [program for program in self.lacking.get(feature, ()) if program not in spared]


@cache
def known() -> Known:
    """The file that is shipped beside this module; its notices are in caniemail-LICENSE.txt."""
    raw = json.loads(files("newsletter.checks").joinpath("caniemail.json").read_text(encoding="utf-8"))
    titles = {slug: one["title"] for slug, one in raw["features"].items()}
    lacking = {
        slug: tuple(name for program, name in PROGRAMS.items() if program in one["unsupported"])
        for slug, one in raw["features"].items()
    }
    return Known(titles, lacking, frozenset(raw["baseline"]))


@mail_rule(
    Rule(
        id="NL709",
        title="HTML or CSS that a reader's mail program does not know",
        reason="What a program does not know it leaves out, and with it perhaps the layout.",
        example='<td style="position:absolute">',
        mend="Use something else in the template; https://www.caniemail.com shows what each program knows.",
        stage=Stage.MAIL,
    )
)
def unsupported(proof: Proof) -> Iterator[Noted]:
    data = known()
    for slug, within in sorted(features_of(proof.markup).items()):
        programs = [] if slug in data.baseline or slug in ORNAMENTS else data.losing(slug, within)
        if programs:
            shown = ", ".join(programs[:3]) + (f" and {len(programs) - 3} more" if len(programs) > 3 else "")
            yield Noted(f"'{data.titles[slug]}' is not known to {shown}", "use something else in the template")
