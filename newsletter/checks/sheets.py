"""Style sheets: their rules, and which of them fit an element. As much of CSS as mail uses."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from newsletter.checks.markup import Element, ancestors

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_STEP = re.compile("([{};])")
_SIMPLE = re.compile(
    r"(?P<kind>[.#]?)(?P<name>[\w-]+|\*)|\[(?P<attribute>[^\]]*)\]|::?(?P<pseudo>[\w-]+)(?:\([^)]*\))?"
)
_COMBINED = re.compile(r"\s*([>+~])\s*|\s+")

#: (property, value, whether !important)
Declaration = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class StyleRule:
    selectors: tuple[str, ...]
    declarations: tuple[Declaration, ...]
    #: of the at-rules around it, outermost first: `@media (max-width:599px)`
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    rules: tuple[StyleRule, ...]
    #: every at-rule with its words
    at_rules: tuple[str, ...]


@lru_cache(maxsize=64)
def read_sheet(css: str) -> Sheet:
    """The rules of a style sheet. What it cannot follow it leaves out; it never fails."""
    rules: list[StyleRule] = []
    at_rules: list[str] = []
    around: list[str] = []
    open_rule: tuple[str, list[str]] | None = None
    steps = _STEP.split(_COMMENT.sub("", css))
    for step, mark in zip(steps[::2], steps[1::2], strict=False):
        words = step.strip()
        if open_rule and mark != "{":
            open_rule[1].append(words)
        if mark == "{" and not words.startswith("@"):
            open_rule = (words, [])
        elif mark == "{" or (mark == ";" and words.startswith("@")):
            at_rules.append(words)
            around += [words] if mark == "{" else []
        elif mark == "}" and open_rule:
            rules.append(_rule(*open_rule, tuple(around)))
            open_rule = None
        elif mark == "}" and around:
            around.pop()
    return Sheet(tuple(rules), tuple(at_rules))


def _rule(selectors: str, declarations: Iterable[str], within: tuple[str, ...]) -> StyleRule:
    names = tuple(name.strip() for name in selectors.split(",") if name.strip())
    return StyleRule(names, declarations_of(";".join(declarations)), within)


@lru_cache(maxsize=4096)
def declarations_of(style: str) -> tuple[Declaration, ...]:
    """What a style attribute, or the inside of a rule, declares."""
    found = []
    for one in style.split(";"):
        name, colon, value = one.partition(":")
        if colon:
            bare = value.strip()
            is_important = bare.lower().endswith("!important")
            found.append((name.strip().lower(), bare[:-10].strip() if is_important else bare, is_important))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Compound:
    """`h1.display#top[dir]`: what one element must be."""

    tag: str = ""
    ids: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    attributes: tuple[str, ...] = ()
    #: a state that no still picture shows, such as :hover
    is_passing: bool = False

    def fits(self, element: Element) -> bool:
        if self.is_passing or (self.tag and self.tag != element.tag):
            return False
        if self.ids and element.attributes.get("id") not in self.ids:
            return False
        if self.classes and not self.classes.issubset(element.classes):
            return False
        return all(_has(element, one) for one in self.attributes)

    def weight(self) -> int:
        return 100 * len(self.ids) + 10 * (len(self.classes) + len(self.attributes)) + bool(self.tag)


def _has(element: Element, wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    held = element.attributes.get(name.strip().rstrip("~|^$*"))
    return held is not None and (not equals or held == value.strip().strip("\"'"))


@dataclass(frozen=True, slots=True)
class Selector:
    #: the last first, each with what combines it with the one before it in this tuple
    steps: tuple[tuple[str, Compound], ...]

    @property
    def weight(self) -> int:
        return sum(compound.weight() for _, compound in self.steps)

    @property
    def subject(self) -> Compound:
        return self.steps[0][1]

    def fits(self, element: Element) -> bool:
        if not self.subject.fits(element):
            return False
        at = element
        for combinator, compound in self.steps[1:]:
            above = ([at.parent] if at.parent else []) if combinator == ">" else ancestors(at)
            found = next((one for one in above if compound.fits(one)), None) if combinator in "> " else None
            if found is None:
                return False
            at = found
        return True


@lru_cache(maxsize=1024)
def read_selector(written: str) -> Selector:
    compounds = [part for part in _COMBINED.split(written)[::2] if part]
    marks = [found[1] or " " for found in _COMBINED.finditer(written.strip())]
    steps = [(" ", _compound(compounds[-1]))] if compounds else [(" ", Compound(is_passing=True))]
    for mark, compound in zip(reversed(marks), reversed(compounds[:-1]), strict=False):
        steps.append((mark, _compound(compound)))
    return Selector(tuple(steps))


def _compound(written: str) -> Compound:
    tag, ids, classes, attributes, is_passing = "", set[str](), set[str](), list[str](), False
    for found in _SIMPLE.finditer(written):
        kind, name, pseudo = found["kind"], found["name"], found["pseudo"]
        if found["attribute"]:
            attributes.append(found["attribute"])
        elif pseudo:
            tag, is_passing = ("html", is_passing) if pseudo == "root" else (tag, True)
        elif kind == ".":
            classes.add(name)
        elif kind == "#":
            ids.add(name)
        elif name and name != "*":
            tag = name.lower()
    return Compound(tag, frozenset(ids), frozenset(classes), tuple(attributes), is_passing)


def fitting(element: Element, rules: Iterable[tuple[Selector, StyleRule]]) -> Iterator[tuple[int, StyleRule]]:
    """The rules that fit an element, each with its weight."""
    for selector, rule in rules:
        if selector.fits(element):
            yield selector.weight, rule
