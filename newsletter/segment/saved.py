"""Saved segments: subscribers/segments.yaml, in which one rule may build on another."""

import re
from collections.abc import Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from newsletter.errors import Finding, SegmentError
from newsletter.fields import Frozen, Line
from newsletter.located import Located, Place, validate
from newsletter.segment.expression import Everyone, Expression
from newsletter.segment.grammar import SavedSegment, parse, references
from newsletter.tags import Vocabulary
from newsletter.yamlfile import read_yaml

_NAME = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")


class _Entry(Frozen):
    #: for people: whom it means
    says: Line
    rule: str


def read_segments(text: str, *, path: str, vocabulary: Vocabulary) -> dict[str, SavedSegment]:
    """
    The saved segments by name, in the order of the file.

    :raises SegmentError: with every fault of every rule at once
    """
    located = read_yaml(text, path=path, error=SegmentError)
    entries, findings = _read_entries(located)
    order, circular = _order({name: references(entry.rule) for name, entry in entries.items()}, located)
    findings.extend(circular)
    # What cannot be read stands in as everyone: a rule that builds on it is not at fault for that.
    expressions: dict[str, Expression] = {name: Everyone() for name in located.values}
    for name in order:
        expressions[name], faults = parse(entries[name].rule, vocabulary, expressions)
        findings.extend(_in_file(fault, name, located, text) for fault in faults)
    if findings:
        in_order = sorted(findings, key=lambda finding: (finding.line or 0, finding.column or 0))
        raise SegmentError(*(finding.at(path) for finding in in_order))
    return {name: SavedSegment(name, entry.says, entry.rule, expressions[name]) for name, entry in entries.items()}


def _read_entries(located: Located) -> tuple[dict[str, _Entry], list[Finding]]:
    entries: dict[str, _Entry] = {}
    findings: list[Finding] = []
    for name in located.values:
        if not _NAME.fullmatch(name):
            fix = "use letters, digits and hyphens"
            findings.append(located.finding((name,), "is no name for a segment", fix, rule="segment"))
        try:
            entries[name] = validate(_Entry, located, SegmentError, path="", prefix=(name,))
        except SegmentError as error:
            findings.extend(error.findings)
    return entries, findings


def _order(mentions: Mapping[str, frozenset[str]], located: Located) -> tuple[list[str], list[Finding]]:
    """Names such that each comes after what it builds on, without those that go round in a circle."""
    graph = {name: [other for other in sorted(mentioned) if other in mentions] for name, mentioned in mentions.items()}
    findings: list[Finding] = []
    while True:
        try:
            return list(TopologicalSorter(graph).static_order()), findings
        except CycleError as error:
            circle: list[str] = error.args[1]
            findings.append(_circle(circle, located))
            graph = {
                name: [other for other in others if other not in circle]
                for name, others in graph.items()
                if name not in circle
            }


def _circle(circle: list[str], located: Located) -> Finding:
    first = min(circle, key=lambda name: located.place((name, "rule")).line)
    message = f"goes round in a circle ({' > '.join(reversed(circle))})"
    return located.finding((first, "rule"), message, "take one of the segment:… out", rule="cycle")


def _in_file(fault: Finding, name: str, located: Located, text: str) -> Finding:
    """The fault with its place in the file, as far as the rule stands there as it was read."""
    place = _place_of_rule(name, located, text)
    column = place.column + (fault.column or 1) - 1
    exact = fault.line == 1 and place != located.place((name, "rule"))
    said = f"{name}.rule: {fault.message}"
    return replace(fault, message=said, line=place.line, column=column if exact else place.column)


def _place_of_rule(name: str, located: Located, text: str) -> Place:
    """Where the rule's first character is, if it stands on the line of its key; else the key."""
    place = located.place((name, "rule"))
    rule = located.values[name]["rule"]
    line = text.split("\n")[place.line - 1]
    begins = line.find(rule, place.column + len("rule:") - 1)
    return place if begins < 0 or not rule else Place(place.line, begins + 1)
