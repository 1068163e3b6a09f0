"""A list of readers as a table of cells: encodings, delimiters and headings as spreadsheets write them."""

import csv
import io
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import Finding, ReadersFileError

SIZE_LIMIT = 200 << 20
STANDARD_INPUT = Path("-")

#: field -> folded headings under which lists carry it
_HEADINGS = {
    "email": "email emailaddress mail mailaddress 邮箱 邮箱地址 电子邮箱 电子邮件 邮件 邮件地址",
    "name": "name fullname contactname 姓名 名字 联系人",
    "salutation": "salutation 称呼 称谓 尊称",
    "language": "language lang 语言",
    "interests": "interests interest tags tag topics 兴趣 标签 关注 关注领域",
    "company": "company organisation organization firm 公司 单位 机构",
    "manager": "manager accountmanager relationshipmanager adviser advisor 客户经理 顾问",
    "zone": "zone timezone 时区",
    "status": "status 状态",
    "consent_basis": "consentbasis consent 同意依据 同意方式",
    "consent_on": "consenton consentdate 同意日期",
}
_FIELDS = {heading: field for field, headings in _HEADINGS.items() for heading in headings.split()}
#: what a file of rejects has besides: read again without a word
REJECT_COLUMNS = ("line", "reason")


@dataclass(frozen=True, slots=True)
class Row:
    #: where it begins
    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    #: as written
    columns: tuple[str, ...]
    #: place of each known field among the cells
    places: dict[str, int]
    rows: tuple[Row, ...]
    delimiter: str

    @property
    def unknown(self) -> list[str]:
        """Headings that mean nothing to us."""
        known = set(self.places.values())
        return [
            name
            for number, name in enumerate(self.columns)
            if number not in known and name and name not in REJECT_COLUMNS
        ]

    def named(self, row: Row) -> dict[str, str]:
        """The cells of known fields that hold anything, without surrounding spaces."""
        cells = row.cells
        found = {name: cells[place].strip() for name, place in self.places.items() if place < len(cells)}
        return {name: cell for name, cell in found.items() if cell}

    def is_too_long(self, row: Row) -> bool:
        return any(cell.strip() for cell in row.cells[len(self.columns) :])


def read_table(path: Path) -> Table:
    """
    The table in a CSV file; `-` is standard input.

    :raises ReadersFileError: if it cannot be read as a table, or has no column for the address
    """
    said = str(path)
    text = _decode(_read(path), said)
    delimiter, text, skipped = _delimiter(text)
    rows = _rows(text, delimiter, said, skipped)
    heading = next(rows, None)
    if heading is None:
        raise ReadersFileError(Finding(message="is empty", fix="the first line names the columns", path=said))
    columns = tuple(" ".join(name.split()) for name in heading.cells)
    return Table(columns, _places(columns, said, heading.line), tuple(rows), delimiter)


def _read(path: Path) -> bytes:
    if path == STANDARD_INPUT:
        found = sys.stdin.buffer.read(SIZE_LIMIT + 1)
    else:
        try:
            with path.open("rb") as file:
                found = file.read(SIZE_LIMIT + 1)
        except OSError as error:
            raise ReadersFileError(
                Finding(message=f"cannot be read ({error.strerror})", fix="check the name", path=str(path))
            ) from error
    if len(found) > SIZE_LIMIT:
        raise ReadersFileError(Finding(message="is longer than 200 MiB", fix="split it", path=str(path)))
    return found


def _decode(content: bytes, path: str) -> str:
    fix = "save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')"
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1 if encoding == "utf-8-sig" else None
        message = "holds characters in another encoding than UTF-8"
        raise ReadersFileError(Finding(message=message, fix=fix, path=path, line=line, rule="encoding")) from error
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        raise ReadersFileError(Finding(message="holds NUL characters", fix=fix, path=path, line=line, rule="encoding"))
    return text


def _delimiter(text: str) -> tuple[str, str, int]:
    """The delimiter of the first line that holds anything; the text from there, and how many lines stood before."""
    rest = re.sub(r"\A(?:[ \t]*(?:\r\n|\r|\n))+", "", text)
    skipped = _lines(text) - _lines(rest)
    first = re.split(r"[\r\n]", rest, maxsplit=1)[0]
    told = re.fullmatch(r"sep=(.)", first.strip(), re.IGNORECASE)
    if told:
        return told[1], re.sub(r"\A[^\r\n]*(?:\r\n|\r|\n|\Z)", "", rest), skipped + 1
    bare = re.sub(r'"[^"]*"', "", first)
    return max((",", ";", "\t"), key=bare.count), rest, skipped


def _lines(text: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", text))


def _rows(text: str, delimiter: str, path: str, skipped: int) -> Iterator[Row]:
    """Rows that hold anything, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    line = skipped + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(line, tuple(cells))
            line = skipped + reader.line_num + 1
    except csv.Error as error:
        message, fix = _too_long() if "limit" in str(error) else _QUOTES
        raise ReadersFileError(Finding(message=message, fix=fix, path=path, line=line, rule="quotes")) from error


_QUOTES = (
    "the quotation marks of this row do not match",
    'close them, and write a quotation mark inside a cell twice ("")',
)


def _too_long() -> tuple[str, str]:
    return f"a cell of this row is longer than {csv.field_size_limit()} characters", "close its quotation mark"


def _places(columns: Sequence[str], path: str, line: int) -> dict[str, int]:
    places: dict[str, int] = {}
    for number, name in enumerate(columns):
        field = _FIELDS.get(_folded(name))
        if field in places:
            message = f"the columns {columns[places[field]]!r} and {name!r} mean the same"
            raise ReadersFileError(Finding(message=message, fix="keep one of them", path=path, line=line))
        if field:
            places[field] = number
    if "email" not in places:
        shown = ", ".join(repr(name[:40]) for name in columns[:12] if name)
        raise ReadersFileError(
            Finding(
                message=f"has no column 'email'; its columns are {shown}",
                fix="name the column that holds the addresses 'email'",
                path=path,
                line=line,
                rule="no-email-column",
            )
        )
    return places


def _folded(heading: str) -> str:
    return re.sub(r"[\s_.:-]", "", unicodedata.normalize("NFKC", heading).casefold())
