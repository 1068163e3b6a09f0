"""Lists as they lie on disks: which encoding, which delimiter, which column means what, and rows that are broken."""

import io
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import ReadersFileError
from newsletter.roster.delimited import Row, delimiter_of, rows_of
from newsletter.roster.encodings import writing_of
from newsletter.roster.headings import How, columns_of
from newsletter.roster.table import open_table

CHINESE = "邮箱,姓名,公司\nmei@example.com,陈梅,海港咨询有限公司\nli@example.com,李伟,AI芯片公司\n"
WESTERN = "email,name\nzoe@example.com,Zoë Müller\njose@example.com,José Ñandú\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"email\na@example.com\n", "utf-8"),
        (CHINESE.encode(), "utf-8"),
        (CHINESE.encode("utf-8-sig"), "utf-8-sig"),
        (CHINESE.encode("utf-16"), "utf-16"),
        (WESTERN.encode("utf-16-le"), "utf-16-le"),
        (WESTERN.encode("utf-16-be"), "utf-16-be"),
        (CHINESE.encode("gb18030"), "gb18030"),
        (CHINESE.encode("gbk"), "gb18030"),
        ("email,name\na@example.com,龘靐齉㐀\n".encode("gb18030") + CHINESE.encode("gb18030"), "gb18030"),
        (WESTERN.encode("cp1252"), "cp1252"),
        ("email,name\na@example.com,Müller\n".encode("cp1252"), "cp1252"),
        ("email,name\na@example.com,Gr\xf6\xdfe\n".encode("cp1252"), "cp1252"),
        ("email,name\na@example.com,“Li” – 5 €\n".encode("cp1252"), "cp1252"),
    ],
)
def test_the_encoding_is_told_by_the_bytes(content: bytes, encoding: str) -> None:
    assert writing_of(io.BytesIO(content), "list.csv").encoding == encoding


def test_a_letter_of_another_encoding_does_not_spoil_utf8() -> None:
    content = CHINESE.encode() + "zoe@example.com,Zoë,\n".encode("cp1252")
    writing = writing_of(io.BytesIO(content), "list.csv")
    assert (writing.encoding, writing.has_strays) == ("utf-8", True)


def test_a_character_across_two_chunks_is_whole() -> None:
    content = b"a" * ((1 << 20) - 1) + "陈".encode() + b"\n"
    writing = writing_of(io.BytesIO(content), "list.csv")
    assert (writing.encoding, writing.has_strays, writing.lines) == ("utf-8", False, 1)


def test_an_encoding_that_somebody_names_counts() -> None:
    content = "email,name\na@example.com,GRÖßE\n".encode("cp1252")
    assert writing_of(io.BytesIO(content), "list.csv", encoding="windows-1252").encoding == "cp1252"
    with pytest.raises(ReadersFileError, match="'klingon' is no encoding; write utf-8, utf-16, gb18030"):
        writing_of(io.BytesIO(content), "list.csv", encoding="klingon")


def rows(text: str) -> list[Row]:
    lines = iter(io.StringIO(text, newline=""))
    delimiter, skipped, first = delimiter_of(lines)
    return list(rows_of(lines, delimiter, first=first, line=skipped + 1))


def test_a_row_may_go_over_several_lines_and_the_next_keeps_its_number() -> None:
    found = rows('email,note\na@example.com,"one\ntwo"\nb@example.com,x\n')
    assert [(row.line, row.cells) for row in found[1:]] == [
        (2, ["a@example.com", "one\ntwo"]),
        (4, ["b@example.com", "x"]),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        'b@example.com,"B',
        'b@example.com,"B" C',
        'b@example.com,"B"C"',
        '"b@example.com,B',
        'b@example.com,"' + "x" * 140_000,
    ],
)
def test_a_row_with_a_lost_quotation_mark_costs_no_other(bad: str) -> None:
    found = rows(f'email,name\na@example.com,A\n{bad}\nc@example.com,"C"\nd@example.com,D\n')
    assert [(row.line, row.cells[0]) for row in found if not row.fault] == [
        (1, "email"),
        (2, "a@example.com"),
        (4, "c@example.com"),
        (5, "d@example.com"),
    ]
    [broken] = [row for row in found if row.fault]
    assert broken.line == 3
    assert broken.cells[0].strip('"') == "b@example.com"


def test_a_lost_mark_that_swallows_sound_rows_gives_them_back() -> None:
    found = rows('email,name\na@example.com,"A\nb@example.com,"B"\nc@example.com,"C"\n')
    assert [(row.line, row.fault is None) for row in found] == [(1, True), (2, False), (3, True), (4, True)]


@settings(max_examples=300)
@given(st.text(st.sampled_from('a@.,;\t"\r\n '), max_size=60))
def test_any_text_ends_and_no_line_is_counted_twice(text: str) -> None:
    found = rows("email,name\n" + text)
    numbers = [row.line for row in found]
    assert numbers == sorted(set(numbers))
    assert all(number <= text.count("\n") + text.count("\r") + 2 for number in numbers)


@given(st.lists(st.lists(st.text(max_size=5), min_size=2, max_size=2), max_size=6), st.sampled_from(",;\t|"))
def test_what_was_written_as_csv_is_read_back(cells: list[list[str]], delimiter: str) -> None:
    import csv

    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["email", "name"], *cells])
    wanted = [row for row in cells if "".join(row).strip()]
    assert [row.cells for row in rows(out.getvalue())[1:]] == wanted


def meanings(*headings: str, sample: Sequence[Sequence[str]] = (), **chosen: str) -> list[tuple[str | None, str]]:
    found = columns_of(headings, sample, chosen, path="list.csv", line=1)
    return [(column.field, column.how) for column in found]


def test_columns_are_known_by_many_names() -> None:
    assert meanings("E-Mail Address", "姓名", "First Name", "Notes") == [
        ("email", How.NAMED),
        ("name", How.NAMED),
        ("first_name", How.NAMED),
        (None, How.UNREAD),
    ]


def test_a_longer_heading_is_a_guess() -> None:
    assert meanings("Work e-mail", "Customer company") == [("email", How.GUESSED), ("company", How.GUESSED)]


def test_a_column_full_of_addresses_is_guessed_to_hold_them() -> None:
    sample = [["mei@example.com", "Mei"], ["li@example.com", "Li"], ["", "Wu"]]
    assert meanings("Contact", "Who", sample=sample) == [("email", How.GUESSED), (None, How.UNREAD)]


@pytest.mark.parametrize(
    ("headings", "sample"),
    [
        (["Work e-mail", "Private e-mail"], []),
        (["One", "Two"], [["a@example.com", "b@example.com"]]),
        (["One", "Two"], [["a@example.com", "x"], ["nobody", "x"]]),
    ],
)
def test_where_two_come_into_question_nothing_is_guessed(headings: list[str], sample: list[list[str]]) -> None:
    with pytest.raises(ReadersFileError, match=r"has no column 'email'; .* or say which it is: --column email=HEADING"):
        meanings(*headings, sample=sample)


def test_what_somebody_says_counts_before_every_name() -> None:
    assert meanings("email", "Old Mail", email="old mail") == [(None, How.UNREAD), ("email", How.CHOSEN)]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"mail": "Mail"}, "'mail' is no field of a reader; choose one of: email, name,"),
        ({"email": "X"}, "has no column 'X'"),
    ],
)
def test_a_wrong_choice_is_told(chosen: dict[str, str], said: str) -> None:
    with pytest.raises(ReadersFileError, match=said):
        meanings("Mail", **chosen)


def a_workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(row)
    book.save(path)
    return path


def test_a_workbook_is_read_with_the_numbers_of_its_rows(tmp_path: Path) -> None:
    import datetime as dt

    content: list[list[object]] = [
        [],
        ["Email", "Name", "Consent basis", "Consent on", "Cross-border"],
        ["mei@example.com", "陈梅", "form", dt.date(2026, 3, 1), True],
        [],
        ["li@example.com", 5, "form", "2026-03-02", None],
    ]
    path = a_workbook(tmp_path / "list.xlsx", {"Cover": [], "Readers": content, "Old": [["x"]]})
    with open_table(path) as table:
        assert table.form == "Excel, sheet Readers; not the sheet Old"
        found = [(row.line, table.named(row)) for row in table.rows()]
    assert found == [
        (3, {"email": "mei@example.com", "name": "陈梅", "consent_basis": "form", "consent_on": "2026-03-01",
             "cross_border": "yes"}),
        (5, {"email": "li@example.com", "name": "5", "consent_basis": "form", "consent_on": "2026-03-02"}),
    ]  # fmt: skip


def test_a_workbook_with_too_many_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from newsletter.roster import workbook

    monkeypatch.setattr(workbook, "ROW_LIMIT", 3)
    rows: list[list[object]] = [["email"], ["r1@example.com"], ["r2@example.com"], ["r3@example.com"]]
    with open_table(a_workbook(tmp_path / "three.xlsx", {"R": rows})) as table:
        assert len(list(table.rows())) == 3
    path = a_workbook(tmp_path / "four.xlsx", {"R": [*rows, ["r4@example.com"]]})
    with pytest.raises(ReadersFileError, match="holds more than 3 rows; save it as CSV"), open_table(path):
        pass


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("empty", "is empty"),
        ("bomb", "unpacks to more than 400 MiB"),
        ("many", "holds more than 2,000 files"),
        ("zip", "no Excel workbook"),
    ],
)
def test_packages_that_are_no_list_are_refused_before_they_are_read(tmp_path: Path, name: str, said: str) -> None:
    import zipfile

    path = tmp_path / f"{name}.xlsx"
    if name == "empty":
        a_workbook(path, {"R": []})
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            for part in _parts(name):
                package.writestr(*part)
    with pytest.raises(ReadersFileError, match=said), open_table(path):
        pass


def _parts(name: str) -> Iterator[tuple[str, bytes]]:
    if name != "zip":
        yield "xl/workbook.xml", b"<workbook/>"
    if name == "bomb":
        zeros = bytes(101 << 20)
        yield from ((f"xl/worksheets/sheet{number}.xml", zeros) for number in range(4))
    for number in count(1) if name == "many" else range(1):
        if number > 2_001:
            return
        yield f"other{number}.txt", b"x"
