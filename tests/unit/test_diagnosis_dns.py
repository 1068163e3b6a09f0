"""What doctor makes of DNS records, asked of a real server on loopback."""

import base64
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from newsletter.diagnosis.dkim import examine_dkim
from newsletter.diagnosis.dmarc import examine_dmarc, find_policy
from newsletter.diagnosis.domain import Domains, examine_domains, examine_mx, examine_pointers
from newsletter.diagnosis.names import Names, UnansweredError
from newsletter.diagnosis.spf import examine_spf
from newsletter.diagnosis.verdict import Grade, Verdict
from newsletter.errors import InputError
from tests.dnsd import Records, dns_server

OK, WARNING, ERROR = Grade.OK, Grade.WARNING, Grade.ERROR
FIRM = "harbour.test"


def examined(examine: Callable[[Names], Iterator[Verdict]], records: Records) -> list[Verdict]:
    with dns_server(records) as (address, _):
        return list(examine(Names(address)))


def grades(verdicts: list[Verdict]) -> list[Grade]:
    return [verdict.grade for verdict in verdicts]


def said(verdicts: list[Verdict]) -> str:
    return "\n".join(map(str, verdicts))


def spf_of(*records: str) -> Records:
    return {FIRM: {"TXT": ["site-verification=1", *records]}}


def chain(length: int) -> Records:
    """So many includes, one inside the other."""
    names = [f"n{number}.test" for number in range(length)]
    records = {name: {"TXT": [f"v=spf1 include:{inner} -all"]} for name, inner in itertools.pairwise(names)}
    return records | {names[-1]: {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]}}


@pytest.mark.parametrize(
    ("record", "grade", "words"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", OK, "takes 0 of 10"),
        ("V=SPF1 IP4:192.0.2.1 ~ALL", OK, "ends in ~all"),
        ("v=spf1 mx a:mail.harbour.test ip6:2001:db8::/32 -all", OK, "takes 2 of 10"),
        ("v=spf1 exists:%{i}._spf.harbour.test -all", OK, "takes 1 of 10"),
        ("v=spf1 include:%{d}.more.test -all", OK, "takes 1 of 10"),
        ("v=spf1 exp=why.harbour.test -all", OK, "takes 0 of 10"),
        ("v=spf1 ?all", WARNING, "forbids nobody"),
        ("v=spf1 mx", WARNING, "nothing about all others"),
        ("v=spf1", WARNING, "nothing about all others"),
        ("v=spf1 +all", ERROR, "everybody"),
        ("v=spf1 all", ERROR, "everybody"),
        ("v=spf1 ip4:harbour.test -all", ERROR, "no address"),
        ("v=spf1 ipv4:192.0.2.1 -all", ERROR, "'ipv4:192.0.2.1', which is no term"),
        ("v=spf1 include:nowhere.test -all", ERROR, "has no SPF records"),
        ("v=spf1 " + "a " * 11 + "-all", ERROR, "more than 10 look-ups"),
        ("v=spf1 include:harbour.test -all", ERROR, "more than 10 look-ups"),
        ("v=spf10 -all", ERROR, "no SPF record"),
    ],
)
def test_spf_is_judged_as_receivers_do(record: str, grade: Grade, words: str) -> None:
    (verdict,) = examined(lambda names: examine_spf(FIRM, names), spf_of(record))
    assert verdict.grade is grade
    assert words in verdict.message
    assert bool(verdict.fix) is (grade is not OK)


def test_two_spf_records_are_none() -> None:
    (verdict,) = examined(lambda names: examine_spf(FIRM, names), spf_of("v=spf1 -all", "v=spf1 mx -all"))
    assert (verdict.grade, "2 SPF records" in verdict.message) == (ERROR, True)


@pytest.mark.parametrize(("length", "grade"), [(10, OK), (11, ERROR)])
def test_look_ups_are_counted_through_includes(length: int, grade: Grade) -> None:
    records = spf_of("v=spf1 include:n0.test -all") | chain(length)
    assert grades(examined(lambda names: examine_spf(FIRM, names), records)) == [grade]


def test_a_redirect_has_the_last_word_only_when_there_is_no_all() -> None:
    there = {"else.test": {"TXT": ["v=spf1 +all"]}}
    followed = examined(lambda names: examine_spf(FIRM, names), spf_of("v=spf1 redirect=else.test") | there)
    passed_over = examined(lambda names: examine_spf(FIRM, names), spf_of("v=spf1 redirect=else.test -all") | there)
    assert (grades(followed), grades(passed_over)) == ([ERROR], [OK])


def test_ptr_in_spf_is_doubtful() -> None:
    assert grades(examined(lambda names: examine_spf(FIRM, names), spf_of("v=spf1 ptr -all"))) == [WARNING, OK]


def test_a_record_longer_than_a_packet_is_read_whole() -> None:
    addresses = " ".join(f"ip4:192.0.2.{number}" for number in range(100))
    (verdict,) = examined(lambda names: examine_spf(FIRM, names), spf_of(f"v=spf1 {addresses} -all"))
    assert verdict.grade is OK


def dmarc_of(*records: str, at: str = FIRM) -> Records:
    return {f"_dmarc.{at}": {"TXT": list(records)}}


@pytest.mark.parametrize(
    ("record", "expected", "words"),
    [
        (f"v=DMARC1; p=reject; rua=mailto:dmarc@{FIRM}", [OK], "asks for reject"),
        (f"v=DMARC1;p=none;rua=mailto:dmarc@mail.{FIRM}!10m", [OK], "go on to quarantine"),
        (f"v=DMARC1; p=reject; pct=50; rua=mailto:dmarc@{FIRM}", [OK, WARNING], "pct=, which RFC 9989 removed"),
        (f"v=DMARC1; p=reject; ri=3600; rf=afrf; rua=mailto:d@{FIRM}", [OK, WARNING, WARNING], "rf=, which"),
        (f"v=DMARC1; p=reject; t=y; rua=mailto:d@{FIRM}", [OK, WARNING], "in test"),
        (f"v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:d@{FIRM}", [OK, OK, OK], "strict (aspf=s)"),
        (f"v=DMARC1; p=reject; policy=x; rua=mailto:d@{FIRM}", [OK, WARNING], "policy=, which is no tag"),
        ("v=DMARC1; p=quarantine", [OK, WARNING], "no reports"),
        ("v=DMARC1; p=reject; rua=dmarc@harbour.test", [OK, WARNING], "write rua=mailto:"),
        ("v=DMARC1; p=reject; rua=mailto:x@reports.test", [OK, WARNING], f"{FIRM}._report._dmarc.reports.test"),
        (f"v=DMARC1; rua=mailto:d@{FIRM}", [ERROR], "names no policy"),
        (f"v=DMARC1; p=monitor; rua=mailto:d@{FIRM}", [ERROR], "which is no policy"),
        ("v=DMARC2; p=none", [ERROR], "has no DMARC record"),
    ],
)
def test_dmarc_is_judged_by_rfc_9989(record: str, expected: list[Grade], words: str) -> None:
    found = examined(lambda names: examine_dmarc(FIRM, names), dmarc_of(record))
    assert grades(found) == expected
    assert words in said(found)


def test_two_dmarc_records_are_none() -> None:
    found = examined(lambda names: examine_dmarc(FIRM, names), dmarc_of("v=DMARC1; p=none", "v=DMARC1; p=reject"))
    assert (grades(found), "2 DMARC records" in said(found)) == ([ERROR], True)


def test_reports_to_another_domain_are_fine_when_it_takes_them() -> None:
    taken = {f"{FIRM}._report._dmarc.reports.test": {"TXT": ["v=DMARC1"]}}
    record = dmarc_of("v=DMARC1; p=reject; rua=mailto:x@reports.test")
    assert grades(examined(lambda names: examine_dmarc(FIRM, names), record | taken)) == [OK]


@pytest.mark.parametrize(
    ("records", "at"),
    [
        ({"_dmarc.news.harbour.co.test": "v=DMARC1; p=none"}, "news.harbour.co.test"),
        ({"_dmarc.harbour.co.test": "v=DMARC1; p=none"}, "harbour.co.test"),
        ({"_dmarc.harbour.co.test": "v=DMARC1; p=none", "_dmarc.co.test": "v=DMARC1; p=none"}, "co.test"),
        (
            {"_dmarc.harbour.co.test": "v=DMARC1; p=none", "_dmarc.co.test": "v=DMARC1; p=none; psd=y"},
            "harbour.co.test",
        ),
        (
            {"_dmarc.harbour.co.test": "v=DMARC1; p=none; psd=n", "_dmarc.co.test": "v=DMARC1; p=none"},
            "harbour.co.test",
        ),
        ({"_dmarc.co.test": "v=DMARC1; p=none; psd=y"}, "co.test"),
        ({"_dmarc.test": "v=DMARC1; p=none; psd=y", "_dmarc.harbour.co.test": "v=DMARC1; p=none"}, "test"),
        ({"unrelated.test": "v=DMARC1; p=none"}, None),
    ],
)
def test_the_walk_up_the_tree_ends_at_the_organisation(records: dict[str, str], at: str | None) -> None:
    with dns_server({name: {"TXT": [text]} for name, text in records.items()}) as (address, _):
        policy = find_policy("news.harbour.co.test", Names(address))
    assert (policy.at if policy else None) == at


def test_the_walk_asks_eight_names_at_most() -> None:
    domain = ".".join([*"abcdefghijklmnop", "test"])
    with dns_server({"other.test": {}}) as (address, table):
        find_policy(domain, Names(address))
    assert len(table.asked) == 8
    assert table.asked[0] == f"_dmarc.{domain} TXT"
    assert table.asked[-1] == "_dmarc.test TXT"


def test_a_domain_below_gets_the_policy_for_what_is_below() -> None:
    found = examined(
        lambda names: examine_dmarc(f"news.{FIRM}", names),
        dmarc_of(f"v=DMARC1; p=none; sp=reject; rua=mailto:d@{FIRM}"),
    )
    assert "news.harbour.test asks for reject, as harbour.test says" in said(found)


def rsa(size: int) -> str:
    """So many bytes as the DER form of such a key has."""
    return base64.b64encode(bytes(size)).decode()


@pytest.mark.parametrize(
    ("record", "expected", "words"),
    [
        (f"v=DKIM1; k=rsa; p={rsa(294)}", [OK], "2048 bits"),
        (f"p={rsa(550)}", [OK], "4096 bits"),
        (f"v=DKIM1; p={rsa(162)}", [WARNING], "1024 bits"),
        (f"v=DKIM1; p={rsa(94)}", [ERROR], "512 bits"),
        (f"v=DKIM1; t=s:y; p={rsa(294)}", [OK, WARNING], "only a test"),
        (f"v=DKIM1; k=ed25519; p={rsa(32)}", [WARNING], "ed25519"),
        ("v=DKIM1; k=dsa; p=AAAA", [ERROR], "unknown kind"),
        ("v=DKIM1; p=", [ERROR], "revoked"),
        ("v=DKIM1; p=no key!", [ERROR], "no readable key"),
        ("v=DKIM1", [ERROR], "holds no key"),
    ],
)
def test_a_dkim_key_is_looked_at(record: str, expected: list[Grade], words: str) -> None:
    key = {f"s1._domainkey.{FIRM}": {"TXT": [record]}}
    found = examined(lambda names: examine_dkim(FIRM, ["s1"], names), key)
    assert grades(found) == expected
    assert words in said(found)


@pytest.mark.parametrize(("ours", "expected"), [(rsa(294), OK), (rsa(294)[:-4] + "AAAB", ERROR)])
def test_the_key_that_we_sign_with_must_be_the_published_one(ours: str, expected: Grade) -> None:
    published = f"v=DKIM1; p={rsa(294)[:100]} {rsa(294)[100:]}"
    records = {f"s1._domainkey.{FIRM}": {"TXT": [published]}}
    assert grades(examined(lambda names: examine_dkim(FIRM, ["s1"], names, ours=ours), records)) == [expected]


def test_a_dkim_key_behind_an_alias_is_found() -> None:
    records = {
        f"s1._domainkey.{FIRM}": {"CNAME": ["s1.domainkey.provider.test."]},
        "s1.domainkey.provider.test": {"TXT": [f"k=rsa; p={rsa(294)}"]},
    }
    found = examined(lambda names: examine_dkim(FIRM, ["s1", "s2"], names), records)
    assert grades(found) == [OK, ERROR]
    assert "s2._domainkey.harbour.test holds no key" in said(found)


def test_without_a_selector_nothing_is_said_to_be_fine() -> None:
    assert grades(examined(lambda names: examine_dkim(FIRM, [], names), {})) == [WARNING]


@pytest.mark.parametrize(
    ("records", "grade"),
    [
        ({FIRM: {"MX": ["10 mx.harbour.test."]}}, OK),
        ({FIRM: {"MX": ["0 ."]}}, ERROR),
        ({FIRM: {"A": ["192.0.2.1"]}}, WARNING),
        ({FIRM: {"TXT": ["here"]}}, ERROR),
        ({"other.test": {"A": ["192.0.2.1"]}}, ERROR),
    ],
)
def test_a_domain_must_take_mail(records: Records, grade: Grade) -> None:
    assert grades(examined(lambda names: examine_mx(FIRM, names), records)) == [grade]


POINTED: Records = {"mx.harbour.test": {"A": ["8.8.4.4"]}, "4.4.8.8.in-addr.arpa": {"PTR": ["mx.harbour.test."]}}


@pytest.mark.parametrize(
    ("host", "records", "expected"),
    [
        ("mx.harbour.test", POINTED, [OK]),
        ("8.8.4.4", POINTED, [OK]),
        ("mx.harbour.test", {"mx.harbour.test": {"A": ["8.8.4.4"]}}, [WARNING]),
        ("mx.harbour.test", POINTED | {"mx.harbour.test": {"A": ["8.8.8.8"]}}, [WARNING]),
        ("8.8.4.4", POINTED | {"mx.harbour.test": {"A": ["8.8.8.8"]}}, [WARNING]),
        ("127.0.0.1", {}, []),
        ("localhost", {"localhost": {"A": ["127.0.0.1"]}}, []),
        ("relay.test", {"relay.test": {"A": ["10.0.0.7"]}}, []),
    ],
)
def test_a_server_outside_is_who_it_says(host: str, records: Records, expected: list[Grade]) -> None:
    assert grades(examined(lambda names: examine_pointers(host, names), records)) == expected


WHOLE: Records = {
    FIRM: {"MX": ["10 mx.harbour.test."], "TXT": ["v=spf1 mx -all"]},
    f"k1._domainkey.{FIRM}": {"TXT": [f"v=DKIM1; p={rsa(294)}"]},
    f"_dmarc.{FIRM}": {"TXT": [f"v=DMARC1; p=reject; rua=mailto:d@{FIRM}"]},
}


def domains(**details: object) -> Domains:
    values = {"sender": FIRM, "mailboxes": (FIRM,), "envelope": FIRM, "selectors": ("k1",)} | details
    return Domains(**values)  # type: ignore[arg-type]


def test_a_domain_in_order_is_fine_throughout() -> None:
    found = examined(lambda names: examine_domains(domains(), names), WHOLE)
    assert [(verdict.rule, verdict.grade) for verdict in found] == [
        ("mx", OK),
        ("spf", OK),
        ("dkim", OK),
        ("dmarc", OK),
    ]


def test_with_a_provider_of_its_own_envelope_a_missing_spf_record_is_doubtful_only() -> None:
    records = {name: held for name, held in WHOLE.items() if name != FIRM} | {FIRM: {"MX": ["10 mx.harbour.test."]}}
    found = examined(lambda names: examine_domains(domains(envelope=None), names), records)
    assert [verdict.grade for verdict in found if verdict.rule == "spf"] == [WARNING]


@pytest.mark.parametrize(
    ("envelope", "aspf", "is_told"),
    [
        (f"bounces.{FIRM}", "r", False),
        (f"bounces.{FIRM}", "s", True),
        ("mailer.test", "r", True),
    ],
)
def test_bounces_elsewhere_break_the_alignment_of_spf(envelope: str, aspf: str, is_told: bool) -> None:
    record = {f"_dmarc.{FIRM}": {"TXT": [f"v=DMARC1; p=reject; aspf={aspf}; rua=mailto:d@{FIRM}"]}}
    spf = {envelope: {"TXT": ["v=spf1 -all"]}}
    found = examined(lambda names: examine_domains(domains(envelope=envelope), names), {**WHOLE, **record, **spf})
    assert ("DKIM alone" in said(found)) is is_told


def test_a_server_that_fails_is_a_warning_and_keeps_nothing_else_from_being_asked() -> None:
    with dns_server(WHOLE, failing=[FIRM]) as (address, _):
        found = list(examine_domains(domains(), Names(address)))
    assert [(verdict.rule, verdict.grade) for verdict in found] == [
        ("mx", WARNING),
        ("spf", WARNING),
        ("dkim", OK),
        ("dmarc", OK),
    ]
    assert "nobody answers for harbour.test (its servers fail)" in said(found)


def test_what_was_found_before_an_answer_failed_to_come_is_kept() -> None:
    record = dmarc_of("v=DMARC1; p=reject; rua=mailto:x@reports.test")
    with dns_server(record, failing=[f"{FIRM}._report._dmarc.reports.test"]) as (address, _):
        found = [one for one in examine_domains(domains(), Names(address)) if one.rule == "dmarc"]
    assert grades(found) == [OK, WARNING]


def test_without_a_network_everything_is_a_warning_and_it_is_soon_over() -> None:
    with dns_server({}, silent=["*"]) as (address, _):
        began = time.monotonic()
        found = list(examine_domains(domains(), Names(address, patience=0.2)))
        assert time.monotonic() - began < 1
    assert set(grades(found)) == {WARNING}
    assert {verdict.rule for verdict in found} == {"mx", "spf", "dkim", "dmarc"}


def test_all_questions_together_end_at_the_limit() -> None:
    with dns_server({FIRM: {"A": ["192.0.2.1"]}}, silent=[f"n{number}.test" for number in range(50)]) as (address, _):
        names = Names(address, patience=0.2, limit=0.5)
        names.ask(FIRM, "A")
        began = time.monotonic()
        for number in range(50):
            with pytest.raises(UnansweredError):
                names.texts(f"n{number}.test")
        assert time.monotonic() - began < 0.9


def test_a_name_is_asked_for_once() -> None:
    with dns_server(WHOLE) as (address, table):
        names = Names(address)
        assert names.texts(FIRM) == names.texts(FIRM.upper()) == ("v=spf1 mx -all",)
    assert table.asked == [f"{FIRM} TXT"]


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".test", "bad\0name.test", "über raschung.test", "."])
def test_a_name_that_cannot_be_asked_for_is_no_crash(name: str) -> None:
    with dns_server({}) as (address, _), suppress(UnansweredError):
        assert Names(address).texts(name) == ()


@pytest.mark.parametrize("server", ["dns.test", "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:x", "", ":53"])
def test_a_resolver_that_is_no_address_is_refused(server: str) -> None:
    with pytest.raises(InputError, match="--resolver"):
        Names(server)


@pytest.mark.parametrize("server", ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"])
def test_a_resolver_may_name_a_port(server: str) -> None:
    Names(server)
