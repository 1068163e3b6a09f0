"""What is to be said about a source: where something was guessed, or had no place."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from newsletter.errors import Finding, Severity


@dataclass(slots=True)
class Remarks:
    path: str
    findings: list[Finding] = field(default_factory=list)
    _gathered: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)

    def say(self, line: int | None, message: str, fix: str = "", *, rule: str) -> None:
        found = Finding(message=message, fix=fix, path=self.path, line=line, rule=rule, severity=Severity.WARNING)
        self.findings.append(found)

    def gather(self, line: int, message: str, fix: str = "", *, rule: str) -> None:
        """A remark that several lines may call for; said once, with all of them."""
        self._gathered.setdefault((message, fix, rule), []).append(line)

    def all(self) -> tuple[Finding, ...]:
        """Everything that is to be said, in the order of the lines."""
        for (message, fix, rule), lines in self._gathered.items():
            self.say_once(lines, message, fix, rule=rule)
        self._gathered.clear()
        return tuple(sorted(self.findings, key=lambda finding: finding.line or 0))

    def say_once(self, lines: Sequence[int], message: str, fix: str = "", *, rule: str) -> None:
        """One remark for many lines; nothing when there are none."""
        if lines:
            others = f" (lines {', '.join(map(str, lines))})" if len(lines) > 1 else ""
            self.say(lines[0], message + others, fix, rule=rule)
