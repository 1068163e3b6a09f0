"""What was left out of readers who were taken in all the same: told once each, with its first line."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from newsletter.errors import Finding, Severity
from newsletter.roster.cells import Remark
from newsletter.tags import Vocabulary

#: to look for what somebody may have meant is slow; who misspells more words has the wrong vocabulary
_GUESSES = 30
#: different things that are told; of the others only the number
_TOLD = 1_000


@dataclass(slots=True)
class Remarks:
    path: str
    #: the first line, and in how many it stands
    _found: dict[Remark, list[int]] = field(default_factory=dict)
    _others: int = 0
    unknown_interests: int = 0

    def add(self, remark: Remark, line: int) -> None:
        self.unknown_interests += remark.column == "interests"
        if remark not in self._found:
            if len(self._found) >= _TOLD:
                self._others += 1
                return
            self._found[remark] = [line, 0]
        self._found[remark][1] += 1

    def warnings(self, vocabulary: Vocabulary) -> Iterator[Finding]:
        for number, (remark, (line, times)) in enumerate(self._found.items()):
            message, fix = _told(remark, vocabulary, guess=number < _GUESSES)
            more = f" (and in {times - 1} more lines)" if times > 1 else ""
            yield self.warning(message + more, fix, line)
        if self._others:
            yield self.warning(f"{self._others} more words are not known; left out", "see newsletter tags list", 1)

    def warning(self, message: str, fix: str, line: int, *, rule: str = "readers-file") -> Finding:
        return Finding(message=message, fix=fix, path=self.path, line=line, rule=rule, severity=Severity.WARNING)


def _told(remark: Remark, vocabulary: Vocabulary, *, guess: bool) -> tuple[str, str]:
    written = repr(remark.written[:60])
    if remark.column == "interests":
        near = vocabulary.nearest(remark.written, 1) if guess else ()
        fix = f"did you mean {near[0]}?" if near else "see newsletter tags list"
        return f"interests: {written} is not in the vocabulary; left out", fix
    if remark.column.startswith("consent"):
        return f"{remark.column}: is missing, so the row names no consent", "a consent needs a basis and a date"
    fix = "write en or zh-Hans" if remark.column == "language" else "write it as Asia/Singapore"
    return f"{remark.column}: {written} is not known; left out", fix
