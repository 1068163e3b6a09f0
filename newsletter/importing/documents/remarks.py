"""What a door had to leave out, said once for each, and not for ever."""

from dataclasses import dataclass, field

from newsletter.errors import Finding, Severity

_MOST = 200


@dataclass(slots=True)
class LeftOut:
    """Findings of a document, in the order of its paragraphs."""

    path: str
    _findings: dict[Finding, None] = field(default_factory=dict)
    _more: int = 0

    def say(self, message: str, fix: str = "", *, line: int | None = None, rule: str) -> None:
        if len(self._findings) >= _MOST:
            self._more += 1
            return
        # paragraphs count from 1, also before the first one
        place = max(1, line) if line is not None else None
        finding = Finding(message=message, fix=fix, path=self.path, line=place, rule=rule, severity=Severity.WARNING)
        self._findings[finding] = None

    def words(self, what: str, text: str, *, line: int | None = None, rule: str) -> None:
        """Something with words in it was left out: all of them are in the report."""
        said = " ".join(text.split())
        if said:
            self.say(f"{what} was left out: “{said}”", "put it into the file if readers need it", line=line, rule=rule)

    @property
    def findings(self) -> tuple[Finding, ...]:
        if not self._more:
            return tuple(self._findings)
        message = f"and {self._more:,} more like these"
        rest = Finding(message=message, path=self.path, rule="more", severity=Severity.WARNING)
        return (*self._findings, rest)
