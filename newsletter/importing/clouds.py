"""What web pages leave behind an article: a cloud of tags that belong to no story."""

import re
from collections.abc import Sequence

from newsletter.importing.lines import Line, Role
from newsletter.importing.remarks import Remarks
from newsletter.prose import prose_plain

_HEADING = re.compile(
    r"(?:featured|popular|trending|all|related|article|hot) tags|tags? cloud"
    r"|(?:热门|全部|精选|相关)标签|标签云",
    re.IGNORECASE,
)
_LONGEST_TAG = 60
_SENTENCE_ENDS = tuple(".!?。！？,，")


def is_cloud_heading(text: str) -> bool:
    return bool(_HEADING.fullmatch(prose_plain(text).strip(" \t*:：#"))) if len(text) <= _LONGEST_TAG else False


def cloud_end(lines: Sequence[Line], start: int) -> int:
    """Where the tags end: at the first line that no tag would be."""
    place = start
    while place < len(lines) and _may_be_tags(lines[place]):
        place += 1
    while place > start and lines[place - 1].role is Role.BLANK:
        place -= 1
    return place


def _may_be_tags(line: Line) -> bool:
    if line.role in (Role.HEADING, Role.RULE):
        return False
    text = prose_plain(line.text).strip()
    parts = [part.strip() for part in re.split(r"[,，、;；|\n]", text)]
    return all(len(part) <= _LONGEST_TAG for part in parts) and not text.endswith(_SENTENCE_ENDS)


def tags_in(lines: Sequence[Line]) -> list[str]:
    """Each once, in their order."""
    pieces = (part.strip() for line in lines for part in re.split(r"[,，、;；|\n]", prose_plain(line.text)))
    return list(dict.fromkeys(piece for piece in pieces if piece))


def say_cloud(lines: Sequence[Line], remarks: Remarks) -> None:
    heading, *rest = lines
    tags = tags_in(rest)
    title = prose_plain(heading.text).strip()
    message = f"{title}: {len(tags):,} tags belong to no story and were left out: {', '.join(tags)}"
    fix = "to learn which of them the vocabulary knows, save them one a line: newsletter tags resolve FILE"
    remarks.say(heading.number, message, fix, rule="tags")
