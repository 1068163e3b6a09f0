"""Files as they lie on a disk."""

import os
from pathlib import Path

import pytest

from newsletter.errors import IssueError
from newsletter.reader import Reading, read_issue
from tests.builders import a_masthead

MASTHEADS = {"harbour-brief": a_masthead()}
TEXT = "---\nnewsletter: harbour-brief\ndate: 2026-06-10\nsubject: Café “Ports”\n---\n### A\n- Summary: S.\n"


def read(path: Path) -> Reading:
    return read_issue(path, MASTHEADS)


def fault(path: Path) -> str:
    with pytest.raises(IssueError) as caught:
        read(path)
    (finding,) = caught.value.findings
    return str(finding)


def a_file(folder: Path, content: bytes, name: str = "brief.md") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        b"\n\n" + TEXT.encode(),
        TEXT.replace("---\n", "--- \n").encode(),
        TEXT.rstrip("\n").encode(),
    ],
)
def test_utf8_is_read_with_every_mark_and_line_end(tmp_path: Path, content: bytes) -> None:
    reading = read(a_file(tmp_path, content))
    assert (reading.issue.subject, reading.issue.slug, reading.warnings) == ("Café “Ports”", "brief", ())


def test_places_do_not_move_with_line_ends(tmp_path: Path) -> None:
    reading = read(a_file(tmp_path, b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()))
    place = reading.place(("sections", 0, "stories", 0, "summary"))
    assert (place.line, place.column) == (7, 1)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf16_is_one_clear_error(tmp_path: Path, encoding: str) -> None:
    path = a_file(tmp_path, TEXT.encode(encoding))
    assert fault(path) == f"{path}: is UTF-16 text, or no text at all; save it as UTF-8"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_latin1_is_one_clear_error_with_its_place(tmp_path: Path, mark: bytes) -> None:
    path = a_file(tmp_path, mark + TEXT.replace("“", "").replace("”", "").encode("latin-1"))
    assert fault(path) == f"{path}:4:13: is not UTF-8 text (byte 0xE9); save it as UTF-8"


def test_a_file_of_two_mebibytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "brief.md"
    with path.open("wb") as file:
        file.truncate(2 << 20)
    assert fault(path) == f"{path}: is larger than 1 MiB; split the issue"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "brief.md"
    assert fault(path) == f"{path}: there is no such file; check its name and where you stand"


def test_a_folder_is_no_issue(tmp_path: Path) -> None:
    assert fault(tmp_path) == f"{tmp_path}: is a folder; name the issue file in it"


def test_a_pipe_is_no_issue_and_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "brief.md"
    os.mkfifo(path)
    assert fault(path) == f"{path}: is not a file; name a file that ends in .md or .yaml"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    path = a_file(tmp_path, TEXT.encode())
    path.chmod(0)
    assert fault(path) == f"{path}: you may not read this file; ask its owner, or copy it"


@pytest.mark.parametrize("name", ["a\0b.md", "x" * 300 + ".md"])
def test_an_impossible_name_is_one_line(tmp_path: Path, name: str) -> None:
    assert "cannot be read" in fault(tmp_path / name)


def test_a_suffix_that_we_do_not_read_is_refused_before_the_file_is_read(tmp_path: Path) -> None:
    path = a_file(tmp_path, b"\0" * 10, "brief.docx")
    assert fault(path) == (
        f"{path}: an issue file cannot end in '.docx'; name it .md for Markdown, or .yaml, .yml or .json"
    )


@pytest.mark.parametrize("name", ["Brief.MD", "brief.markdown"])
def test_the_suffix_may_be_written_in_other_ways(tmp_path: Path, name: str) -> None:
    assert read(a_file(tmp_path, TEXT.encode(), name)).issue.subject == "Café “Ports”"
