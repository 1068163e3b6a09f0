"""What the cells of one reader say."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.roster.cells import BadCellError, Reader
from newsletter.subscriber import Consent, Entry, SubscriptionStatus
from tests.builders import NOW
from tests.stores import CONSENT, a_vocabulary


def a_reader(consent: Consent | None = None) -> Reader:
    return Reader(a_vocabulary(), consent, NOW)


def read(**cells: str) -> Entry:
    return a_reader().read({"email": "mei@example.com", **cells}).entry


def fault(**cells: str) -> str:
    with pytest.raises(BadCellError) as caught:
        a_reader().read({"email": "mei@example.com", **cells})
    return f"{caught.value.message}; {caught.value.fix}"


def remarks(**cells: str) -> list[tuple[str, str]]:
    found = a_reader().read({"email": "mei@example.com", **cells}).remarks
    return [(remark.column, remark.written) for remark in found]


def test_cells_that_are_missing_say_nothing() -> None:
    assert read() == Entry(email="mei@example.com")


def test_a_domain_is_kept_in_ascii() -> None:
    assert read(email="Mei@中国.example").email == "Mei@xn--fiqs8s.example"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"email": "mei.example.com"}, "email: is not a mail address; write it as name@example.com"),
        (
            {"email": "Mei <mei@example.com>"},
            "email: is not a mail address alone; put the name into a column of its own",
        ),
        (
            {"email": "mei@example.com\r\nBcc: all@example.com"},
            "email: holds several addresses; give each reader a row",
        ),
        ({"email": "mei@example.com, li@example.com"}, "email: holds several addresses; give each reader a row"),
        ({"email": "mei\u200b@example.com"}, "email: is not a mail address: it holds an invisible character; type it"),
        ({"name": "Chen\r\nBcc: all@example.com"}, "name: holds a line break; write it on one line"),
        ({"name": "Chen\u2028Mei"}, "name: holds a line break; write it on one line"),
        ({"salutation": "Ms\x07Chen"}, "salutation: holds the invisible character U+0007; delete it"),
        ({"company": "Har\u202ebour"}, "company: holds the invisible character U+202E; delete it"),
        ({"name": "Chen\u200eMei"}, "name: holds the invisible character U+200E; delete it"),
        ({"name": "Chen \udcc3"}, "name: holds bytes of another encoding; type it anew"),
        ({"first_name": "Mei\x00"}, "first_name: holds the invisible character U+0000; delete it"),
        ({"cross_border": "perhaps"}, "cross_border: is neither yes nor no; write yes, no, or nothing"),
        ({"suppressed": "tired"}, "suppressed: is no reason that we know; write one of: bounced, complained, manual"),
        ({"joined_at": "last year"}, "joined_at: is neither a date nor an instant; write it as 2026-03-01"),
        ({"joined_at": "2027-01-01"}, "joined_at: lies in the future; write the day on which they became a reader"),
        ({"manager": "x" * 501}, "manager: is longer than 500 characters; shorten it"),
        ({"consent_on": "1 March"}, "consent_on: is not a date; write it as 2026-03-01"),
        ({"consent_on": "2026-02-30"}, "consent_on: is not a date; write it as 2026-03-01"),
        ({"consent_on": "20260301"}, "consent_on: is not a date; write it as 2026-03-01"),
        ({"consent_on": "2026-06-12"}, "consent_on: lies in the future; write the day on which consent was given"),
        ({"status": "maybe"}, "status: is not a status; write confirmed, pending or unsubscribed"),
    ],
)
def test_what_keeps_a_reader_out_is_told_with_what_to_do(cells: dict[str, str], said: str) -> None:
    assert fault(**cells).startswith(said)


def test_a_reader_without_an_address_is_kept_out() -> None:
    with pytest.raises(BadCellError, match="email: is missing"):
        a_reader().read({"name": "Chen Mei"})


def test_braces_in_a_name_are_text() -> None:
    assert read(name="{{ 7*7 }}").name == "{{ 7*7 }}"


def test_today_somewhere_on_earth_is_not_the_future() -> None:
    evening = datetime(2026, 6, 10, 18, 0, tzinfo=UTC)
    cells = {"email": "mei@example.com", "consent_basis": "form", "consent_on": "2026-06-11"}
    assert Reader(a_vocabulary(), None, evening).read(cells).entry.consent == Consent(
        basis="form", on=date(2026, 6, 11)
    )


@pytest.mark.parametrize(
    ("written", "language"),
    [("en", "en"), ("EN", "en"), ("en_GB", "en"), ("zh", "zh-Hans"), ("zh-CN", "zh-Hans"), ("中文", "zh-Hans")],
)
def test_languages_are_known_by_many_names(written: str, language: str) -> None:
    assert read(language=written).language == language


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"first_name": "Mei", "last_name": "Chen"}, "Mei Chen"),
        ({"first_name": "梅", "last_name": "陈"}, "陈梅"),
        ({"last_name": "Chen"}, "Chen"),
        ({"name": "Chen Mei", "first_name": "M."}, "Chen Mei"),
    ],
)
def test_a_name_may_come_in_two_columns(cells: dict[str, str], name: str) -> None:
    assert read(**cells).name == name


def test_names_and_interests_are_composed() -> None:
    assert read(name="Zoe\u0308").name == "Zo\u00eb"


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T09:30:00+08:00", datetime(2026, 3, 1, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_list_may_say_since_when_somebody_reads(written: str, at: datetime) -> None:
    assert read(joined_at=written).joined_at == at


def test_a_consent_has_its_wording_and_whether_it_is_for_abroad() -> None:
    cells = {"consent_basis": "form", "consent_on": "2026-03-01", "consent_wording": "v3", "cross_border": "是"}
    assert read(**cells).consent == Consent(basis="form", on=date(2026, 3, 1), wording="v3", cross_border=True)


@pytest.mark.parametrize(
    ("written", "status"),
    [("Confirmed", "confirmed"), ("已退订", "unsubscribed"), ("PENDING", "pending"), ("opted-out", "unsubscribed")],
)
def test_statuses_are_known_by_many_names(written: str, status: str) -> None:
    assert read(status=written).status is SubscriptionStatus(status)


@pytest.mark.parametrize(
    ("written", "slugs"),
    [
        ("AI policy;crypto", {"ai-policy", "crypto"}),
        ("AI policy | 人工智能芯片", {"ai-policy", "ai-chips"}),
        ("ai；加密货币", {"ai", "crypto"}),
        ("ai, crypto", {"ai", "crypto"}),
        ("coins, tokens", {"crypto"}),
        ("ai;;ai;", {"ai"}),
    ],
)
def test_interests_are_parted_and_resolved(written: str, slugs: set[str]) -> None:
    assert set(read(interests=written).interests or ()) == slugs


def test_an_unknown_interest_is_left_out_and_remarked() -> None:
    assert read(interests="ai;criptoo").interests == frozenset({"ai"})
    assert remarks(interests="ai;criptoo") == [("interests", "criptoo")]


def test_unknown_interests_alone_say_nothing_so_that_nothing_is_overwritten() -> None:
    assert read(interests="criptoo").interests is None


def test_an_unknown_language_or_zone_is_left_out_and_remarked() -> None:
    assert read(language="tlh", zone="Mars/Olympus") == Entry(email="mei@example.com")
    assert remarks(language="tlh", zone="Mars/Olympus") == [("language", "tlh"), ("zone", "Mars/Olympus")]
    assert remarks(zone="../../etc/passwd") == [("zone", "../../etc/passwd")]
    assert read(zone="Asia/Shanghai").zone == "Asia/Shanghai"


def test_a_consent_of_the_row_counts_before_the_given_one() -> None:
    cells = {"email": "mei@example.com", "consent_basis": "contract", "consent_on": "2025-01-31"}
    assert a_reader(CONSENT).read(cells).entry.consent == Consent(basis="contract", on=date(2025, 1, 31))
    assert a_reader(CONSENT).read({"email": "mei@example.com"}).entry.consent == CONSENT


@pytest.mark.parametrize("cell", ["consent_basis", "consent_on"])
def test_half_a_consent_is_none_and_is_remarked(cell: str) -> None:
    cells = {cell: "2026-03-01"}
    missing = {"consent_basis": "consent_on", "consent_on": "consent_basis"}[cell]
    assert read(**cells).consent is None
    assert remarks(**cells) == [(missing, "")]


@given(
    st.dictionaries(
        st.sampled_from(["email", "name", "interests", "zone", "language", "status", "consent_on"]), st.text()
    )
)
def test_any_cells_give_an_entry_or_a_reason_in_one_line(cells: dict[str, str]) -> None:
    try:
        found = a_reader().read({name: cell for name, cell in cells.items() if cell.strip()})
    except BadCellError as caught:
        told = f"{caught.message}; {caught.fix}"
    else:
        told = "".join((found.entry.email, found.entry.name or ""))
    assert len(told.splitlines()) == 1
