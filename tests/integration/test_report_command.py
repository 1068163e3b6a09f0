"""`newsletter report`: in the terminal, as JSON, as rows and as a page, of a mailing with a past."""

import csv
import re
from pathlib import Path

import pytest

from newsletter.bounce import BounceKind
from newsletter.delivery import DeliveryState
from newsletter.event import EventKind
from newsletter.subscriber import Skip
from tests.builders import NOW
from tests.integration.conftest import Command, Said
from tests.integration.test_account import Past, Told, written
from tests.stores import a_store

ACCEPTED, REFUSED = DeliveryState.ACCEPTED, DeliveryState.REFUSED
DELIVERED = Told(EventKind.DELIVERED, 1, None, False)
EVIL = "<script>alert(1)</script>"


def past(*told: Told, state: DeliveryState = ACCEPTED, refused_as: BounceKind | None = None) -> Past:
    return Past(1, state, "example.com", told, refused_as, None)


PASTS = [
    *[past(DELIVERED)] * 6,
    past(DELIVERED, Told(EventKind.BOUNCED, 30, BounceKind.FULL, False)),
    past(DELIVERED, Told(EventKind.COMPLAINED, 50, None, False)),
    past(),
    past(state=REFUSED, refused_as=BounceKind.DEAD),
    past(state=DeliveryState.UNKNOWN),
    past(state=DeliveryState.WITHDRAWN),
]
SKIPS = [Skip.TOO_FEW_STORIES, Skip.PENDING]


@pytest.fixture
def told(command: Command, tmp_path: Path) -> Command:
    with a_store(tmp_path) as store:
        mailing_id = written(store, PASTS, SKIPS)
        store.mailings.finish(mailing_id, NOW)
    return command


def test_the_terminal_tells_the_whole_on_one_screen_or_two(told: Command) -> None:
    said = told("report", "1")
    assert said.code == 0
    assert "8 of 12 planned readers have it" in said.out
    for line in (
        r"delivered +7 +█+▋ +58.3%",
        r"full +1",
        r"called it spam +1",
        r"too-few-stories +1",
        r"example.com +2 +12",
    ):
        assert re.search(line, said.out), line
    assert "Opens and clicks are not tracked." in said.out
    assert "Next: newsletter mailings resolve 1" in said.err
    assert len(said.out.splitlines()) < 100


def test_json_keeps_its_fields_and_has_those_of_the_account(told: Command) -> None:
    found = told("report", "harbour-2026-06-10", "--json").document
    assert found["mailing"] == 1
    assert found["planned"] == sum(found["deliveries"].values()) == sum(found["fates"].values()) == 12
    assert found["skipped"] == {"pending": 1, "too-few-stories": 1}
    assert found["bounces"] == {"dead": 1, "full": 1}
    assert [act["act"] for act in found["acts"]] == ["planned", "begun", "finished"]
    assert found["tracked"] is None
    assert [(story["id"], story["planned"], story["reached"]) for story in found["stories"]] == [
        ("grid", 12, 8), ("chips", 12, 8), ("rules", 0, 0),
    ]  # fmt: skip
    assert (found["unserved"], found["complained"], found["left"]) == (1, 1, 0)


def test_every_reader_has_one_row_and_no_cell_is_a_formula(command: Command, tmp_path: Path) -> None:
    evil = Past(0, ACCEPTED, "example.com", (Told(EventKind.BOUNCED, 1, None, False),), None, None)
    with a_store(tmp_path) as store:
        mailing_id = written(store, [*PASTS, evil], SKIPS)
        with store._database.writing() as connection:
            connection.exec_driver_sql("UPDATE events SET detail = '=cmd|calc' WHERE key = '12-0'")
            connection.exec_driver_sql("UPDATE subscribers SET address = '+reader0@example.com' WHERE id = 1")
    assert command("report", str(mailing_id), "--csv", "rows.csv").code == 0
    with (tmp_path / "rows.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["address", "state", "edition", "reason", "detail"]
    states = [row["state"] for row in rows]
    assert len(rows) == len(PASTS) + 1 + len(SKIPS)
    assert (states.count("delivered"), states.count("bounced"), states.count("skipped")) == (7, 2, 2)
    by_address = {row["address"]: row for row in rows}
    assert by_address["'+reader0@example.com"]["edition"] == "hash1"
    assert by_address["reader9@example.com"]["reason"] == "dead"
    last = by_address["reader12@example.com"]
    assert (last["state"], last["edition"], last["reason"], last["detail"]) == (
        "bounced",
        "hash0",
        "other",
        "'=cmd|calc",
    )
    assert {row["reason"] for row in rows if row["state"] == "skipped"} == {"pending", "too-few-stories"}


def test_without_a_mailing_the_last_ones_stand_in_one_table(told: Command) -> None:
    assert re.search(r"1 +2026-06-10 01:30 +harbour-brief +harbour-2026-06-10 +\w+ +12 +8 +2 +1 +1", told("report").out)
    (found,) = told("report", "--json").document
    assert {key: found[key] for key in ("planned", "accepted", "failed", "unknown", "complained")} == {
        "planned": 12, "accepted": 8, "failed": 2, "unknown": 1, "complained": 1,
    }  # fmt: skip


def test_where_nothing_was_sent_there_is_nothing_to_tell(command: Command) -> None:
    said: Said = command("report")
    assert (said.code, "Next: newsletter plan" in said.err) == (0, True)
    assert command("report", "--json").document == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("7",), 1, "there is no mailing 7"),
        (("--html", "page.html"), 2, "name the mailing"),
        (("1", "--html", "page.txt"), 2, "end its name in .html"),
        (("1", "--csv", "no/such/rows.csv"), 1, "cannot be written"),
        (("1", "--html", "rows.csv/page.html"), 1, "cannot be written"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    told: Command, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "rows.csv").write_text("")
    found = told("report", *words)
    assert found.code == code
    assert said in found.err


def test_the_page_stands_alone_and_holds_every_figure(told: Command, tmp_path: Path) -> None:
    assert told("report", "1", "--html", "page.html").code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "style=" not in page
    # names of XML's own, and nothing that is fetched
    assert set(re.findall(r'https?://[^\s"<>]+', page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert page.count("<svg") == page.count('role="img"') == 7
    assert "Draft rules &lt; 5 pages &amp; clear" in page
    assert "reader10@example.com" in page
    again = told("report", "1", "--html", "again.html")
    assert again.code == 0
    asof = re.compile(r"As of [^.]*")
    assert asof.sub("", (tmp_path / "again.html").read_text(encoding="utf-8")) == asof.sub("", page)
