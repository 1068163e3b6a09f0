"""A bullet's lead and the rest of it."""

from newsletter.reader.rows import Row, Spot, prose
from newsletter.reader.sentences import first_sentence

_BOLD = ("**", "__")
#: marks that stand after a bold lead and belong to it
_CLOSING = ".,;:!?，。；：！？、"


def point_of(rows: list[Row]) -> Spot:
    lead, text = split_point(prose(rows))
    first = rows[0]
    values = {"lead": Spot.at(first, lead)}
    if text:
        values["text"] = Spot.at(first, text)
    return Spot.at(first, values)


def split_point(words: str) -> tuple[str, str]:
    """The opening `**…**`, else the first sentence; and what follows."""
    bold = _bold_lead(words)
    if bold:
        return bold
    paragraph, _, _ = words.partition("\n\n")
    end = first_sentence(paragraph)
    return words[:end].rstrip(), words[end:].lstrip()


def _bold_lead(words: str) -> tuple[str, str] | None:
    mark = words[:2]
    if mark not in _BOLD or words[2:3] in ("", " ", mark[0]):
        return None
    end = words.find(mark, 2)
    lead = words[2:end].strip()
    if end < 0 or not lead or "\n\n" in lead:
        return None
    rest = words[end + 2 :]
    closing = rest[: len(rest) - len(rest.lstrip(_CLOSING))]
    return lead + closing, rest[len(closing) :].lstrip()
