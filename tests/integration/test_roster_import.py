"""Lists of readers as spreadsheets write them, into a real store."""

import csv
import hashlib
import io
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from newsletter.errors import InputError, ReadersFileError
from newsletter.roster import ImportResult, Intake, import_readers
from newsletter.store import Store
from newsletter.store.deciding import Overlap
from newsletter.subscriber import Consent, Subscriber, SubscriptionStatus, SuppressionReason
from tests.builders import NOW
from tests.stores import CONSENT, NEWSLETTER, a_store, a_vocabulary

Import = Callable[..., ImportResult]
UPDATE = Overlap(update=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def take(store: Store, tmp_path: Path) -> Import:
    """Write a file and import it."""

    def take(content: str | bytes, *, name: str = "readers.csv", **details: Any) -> ImportResult:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        values: dict[str, Any] = {"newsletter": NEWSLETTER, "vocabulary": a_vocabulary(), "consent": CONSENT}
        now = details.pop("now", NOW)
        return import_readers(store, path, Intake(**values | details), actor="mei", now=now)

    return take


def readers(store: Store) -> dict[str, Subscriber]:
    return {reader.email: reader for reader in store.readers.stream(NEWSLETTER)}


def sums(result: ImportResult) -> tuple[int, int, int, int, int]:
    return result.read, result.added, result.updated, result.unchanged, result.rejected


FULL = """email,name,salutation,language,interests,company,manager,zone,status,consent_basis,consent_on
mei@example.com,陈梅,陈女士,中文,人工智能;crypto,Harbour,Li Wei,Asia/Shanghai,confirmed,signed a contract,2026-01-15
"""


def test_every_column_is_read(store: Store, take: Import) -> None:
    result = take(FULL, consent=None)
    assert sums(result) == (1, 1, 0, 0, 0)
    reader = readers(store)["mei@example.com"]
    assert (reader.name, reader.salutation, reader.language) == ("陈梅", "陈女士", "zh-Hans")
    assert (reader.company, reader.manager, reader.zone) == ("Harbour", "Li Wei", "Asia/Shanghai")
    assert reader.interests == {"ai", "crypto"}
    assert reader.status is SubscriptionStatus.CONFIRMED
    assert reader.consent == Consent(basis="signed a contract", on=date(2026, 1, 15))
    assert result.rejects_file is None
    assert result.as_json() == {
        "read": 1, "added": 1, "updated": 0, "unchanged": 0, "rejected": 0, "pending": 0, "kept_away": 0,
        "duplicates": 0, "unknown_interests": 0, "rejects": [], "warnings": [], "rejects_file": None, "written": True,
        "sha256": hashlib.sha256(FULL.encode()).hexdigest(),
    }  # fmt: skip


PLAIN = "email,name\nmei@example.com,Chen Mei\n"
FORMS: dict[str, str | bytes] = {
    "plain": PLAIN,
    "byte order mark": PLAIN.encode("utf-8-sig"),
    "UTF-16 little-endian": b"\xff\xfe" + PLAIN.encode("utf-16-le"),
    "UTF-16 big-endian": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "separator told": "sep=;\r\n" + PLAIN.replace(",", ";"),
    "Windows line ends": PLAIN.replace("\n", "\r\n"),
    "old Macintosh line ends": PLAIN.replace("\n", "\r"),
    "no line end": PLAIN.rstrip(),
    "blank lines": "\n \n" + PLAIN.replace("\n", "\n\n") + ",\n  , \n\n",
    "spaces": " Email , Name \n  mei@example.com ,  Chen   Mei  \n",
    "all quoted": '"email","name"\n"mei@example.com","Chen Mei"\n',
    "quoted after a space": 'email, name\nmei@example.com, "Chen Mei"\n',
    "synonyms": "E-Mail Address,Full Name\nmei@example.com,Chen Mei\n",
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "bars": PLAIN.replace(",", "|"),
    "Chinese headings": "姓名,邮箱\nChen Mei,mei@example.com\n",
    "full-width heading": "ＥＭＡＩＬ,NAME\nmei@example.com,Chen Mei\n",
    "short row": "email,name,company,manager\nmei@example.com,Chen Mei\n",
    "empty column at the end": "email,name,\nmei@example.com,Chen Mei,\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_list_is_read_in_every_form_that_spreadsheets_write(store: Store, take: Import, form: str) -> None:
    result = take(FORMS[form])
    assert sums(result) == (1, 1, 0, 0, 0)
    assert result.warnings == ()
    assert readers(store)["mei@example.com"].name == "Chen Mei"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,phone\nMei,1\n", ":1: has no column 'email'; its columns are 'name', 'phone'; name the column that "),
        ("", ": is empty; the first line names the columns"),
        ("\n\n", ": is empty; the first line names the columns"),
        (b"\xff\xfeemail", ": holds bytes that are no UTF-16; save it as UTF-8"),
        ("email,E-Mail\na@example.com,b@example.com\n", ":1: the columns 'email' and 'E-Mail' mean the same; keep one"),
        ("mei@example.com,Chen Mei\n", ":1: the first line holds an address and no headings; name the columns in the"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ": is an old Excel file, or one with a password; save it as .xlsx"),
        (b"PK\x03\x04rubbish", ": is cut off or damaged; save it again"),
        (b"email,name\na@example.com,\x81\x8d\x90 \x81\n", ": is written in an encoding that we do not know; save"),
    ],
)
def test_a_file_that_is_no_list_of_readers_is_told_in_one_line(
    store: Store, take: Import, content: str | bytes, said: str
) -> None:
    with pytest.raises(ReadersFileError) as caught:
        take(content)
    assert "\n" not in str(caught.value)
    assert said in str(caught.value)
    assert str(caught.value).partition(":")[0].endswith("readers.csv")
    assert readers(store) == {}


@pytest.mark.parametrize(("name", "said"), [("nowhere.csv", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_told(store: Store, tmp_path: Path, name: str, said: str) -> None:
    intake = Intake(newsletter=NEWSLETTER, vocabulary=a_vocabulary())
    with pytest.raises(ReadersFileError, match=f"cannot be read \\({said}"):
        import_readers(store, tmp_path / name, intake, actor="mei", now=NOW)


BAD = """email;name;note
good@example.com;Good;1
not-an-address;"Bad; quoted";2
Good@Example.com;Twice;3
evil@example.com;"Evil
Bcc: all@example.com";4
long@example.com;Long;5;6
;Nobody;7
last@example.com;Last;8
"""


def test_bad_rows_are_told_by_line_and_kept_aside_and_the_others_are_taken_in(
    store: Store, take: Import, tmp_path: Path
) -> None:
    result = take(BAD)
    assert sums(result) == (7, 2, 0, 0, 5)
    assert result.duplicates == 1
    assert set(readers(store)) == {"good@example.com", "last@example.com"}
    path = tmp_path / "readers.csv"
    assert [str(finding) for finding in result.rejects] == [
        f"{path}:3: email: is not a mail address; write it as name@example.com",
        f"{path}:4: same address as line 2; keep one of the two",
        f"{path}:5: name: holds a line break; write it on one line",
        f"{path}:7: has more cells than there are columns; put a text that holds a delimiter into quotation marks",
        f"{path}:8: email: is missing; add the address",
    ]
    assert result.rejects_file == tmp_path / "readers.rejects.csv"
    text = result.rejects_file.read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert rows[0] == ["email", "name", "note", "line", "reason"]
    assert rows[1][:4] == ["not-an-address", "Bad; quoted", "2", "3"]
    assert [row[3] for row in rows[1:]] == ["3", "4", "5", "7", "8"]
    assert [str(warning) for warning in result.warnings] == [
        f"{path}:1: columns that are not read: 'note'; rename them if they should be"
    ]


def test_a_mended_file_of_rejects_is_imported_without_a_word_about_its_own_columns(
    store: Store, take: Import, tmp_path: Path
) -> None:
    take("email,name\nbad,Chen\n")
    mended = (tmp_path / "readers.rejects.csv").read_bytes().replace(b"bad", b"mei@example.com")
    result = take(mended, name="readers.rejects.csv")
    assert sums(result) == (1, 1, 0, 0, 0)
    assert result.warnings == ()


def test_an_old_file_of_rejects_goes_when_there_is_nothing_to_reject(take: Import, tmp_path: Path) -> None:
    take("email\nbad\n")
    assert (tmp_path / "readers.rejects.csv").exists()
    take("email\ngood@example.com\n")
    assert not (tmp_path / "readers.rejects.csv").exists()


def test_a_list_whose_rejects_cannot_be_kept_is_not_imported(store: Store, take: Import, tmp_path: Path) -> None:
    (tmp_path / "readers.rejects.csv").mkdir()
    with pytest.raises(ReadersFileError, match=r"the rejected rows cannot be kept .*; nothing was imported"):
        take("email\nbad\ngood@example.com\n")
    assert readers(store) == {}
    assert sorted(path.name for path in tmp_path.glob("*.csv*")) == ["readers.csv", "readers.rejects.csv"]
    assert list(tmp_path.glob(".readers*")) == []


def test_without_a_consent_readers_come_in_as_pending_and_the_result_says_so(store: Store, take: Import) -> None:
    content = "email,consent basis,consent on\na@example.com,form,2026-01-01\nb@example.com,,\nc@example.com,form,\n"
    result = take(content, consent=None)
    assert (result.added, result.pending) == (3, 2)
    assert [reader.status for reader in readers(store).values()] == ["confirmed", "pending", "pending"]
    assert [(finding.line, finding.message) for finding in result.warnings] == [
        (4, "consent_on: is missing, so the row names no consent")
    ]


def test_a_given_consent_in_the_future_is_refused(take: Import) -> None:
    with pytest.raises(InputError, match="lies in the future"):
        take(PLAIN, consent=Consent(basis="form", on=date(2027, 1, 1)))


def test_a_misspelt_interest_costs_the_interest_and_not_the_reader(store: Store, take: Import) -> None:
    content = "email,tags\na@example.com,crypto;AI polcy\nb@example.com,AI polcy\nc@example.com,zzz\n"
    result = take(content)
    assert (result.added, result.unknown_interests) == (3, 3)
    assert [reader.interests for reader in readers(store).values()] == [{"crypto"}, set(), set()]
    assert [(finding.line, finding.message, finding.fix) for finding in result.warnings] == [
        (
            2,
            "interests: 'AI polcy' is not in the vocabulary; left out (and in 1 more lines)",
            "did you mean ai-policy?",
        ),
        (4, "interests: 'zzz' is not in the vocabulary; left out", "see newsletter tags list"),
    ]


def test_an_import_again_changes_nothing_and_an_update_changes_what_the_file_says(store: Store, take: Import) -> None:
    first = "email,name,company,interests\nmei@example.com,Mei,Harbour,ai\nli@example.com,Li,,\n"
    second = "email,name,company,interests\nMEI@example.com,Chen Mei,,crypto\nli@example.com,Li,,\n"
    take(first)
    before = readers(store)
    assert sums(take(second)) == (2, 0, 0, 2, 0)
    assert readers(store) == before
    assert sums(take(second, overlap=UPDATE)) == (2, 0, 1, 1, 0)
    reader = readers(store)["MEI@example.com"]
    assert (reader.name, reader.company, reader.interests) == ("Chen Mei", "Harbour", frozenset({"ai", "crypto"}))


def test_who_left_stays_away_whatever_the_list_says(store: Store, take: Import) -> None:
    take(FULL)
    reader = readers(store)["mei@example.com"]
    store.readers.unsubscribe(reader.subscription_id, actor="reader", now=NOW)
    store.readers.suppress(reader.subscriber_id, SuppressionReason.COMPLAINED, actor="provider", now=NOW)
    take(FULL, overlap=UPDATE)
    after = readers(store)["mei@example.com"]
    assert (after.status, after.suppressed_for) == ("unsubscribed", "complained")


def test_a_dry_run_tells_everything_and_writes_nothing(store: Store, take: Import, tmp_path: Path) -> None:
    result = take(BAD, dry_run=True)
    assert sums(result) == (7, 2, 0, 0, 5)
    assert result.rejects_file is None
    assert readers(store) == {}
    assert not (tmp_path / "readers.rejects.csv").exists()


def test_a_list_comes_from_standard_input(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PLAIN.encode() + b"bad,x\n")))
    intake = Intake(newsletter=NEWSLETTER, vocabulary=a_vocabulary(), consent=CONSENT)
    result = import_readers(store, Path("-"), intake, actor="mei", now=NOW)
    assert sums(result) == (2, 1, 0, 0, 1)
    assert result.rejects_file is None


def test_addresses_stand_in_no_finding(take: Import) -> None:
    result = take("email,name,tags\nsecret.person@@example.com,A,\nmei@example.com,B\x07,\nli@example.com,C,x\n")
    told = " ".join(str(finding) for finding in (*result.rejects, *result.warnings))
    assert len(result.rejects) == 2
    assert "@" not in told.replace("name@example.com", "")
