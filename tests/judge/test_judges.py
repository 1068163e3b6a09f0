"""That the judges can fail: each sees what is wrong with a mail that is bad in its own field, and in no other's."""

from pathlib import Path

import pytest

from tests.judge import browser, markup, spam, support
from tests.judge.__main__ import judge, table
from tests.judge.mails import Mail, built, issue_text
from tests.judge.programs import is_ci, missing
from tests.judge.views import nesting_faults, others_view, outlook_view

# One process starts Java, Perl, node and the browser for all of these.
pytestmark = [pytest.mark.xdist_group("judge"), pytest.mark.slow]

_SPAM = """\
From: winner@example.com
To: undisclosed-recipients:;
Subject: URGENT!!! YOU HAVE WON $1,000,000 - ACT NOW!!!
Date: Mon, 1 Jan 2001 00:00:00 +0000
MIME-Version: 1.0
Content-Type: text/html; charset=us-ascii

<html><body><font color="#ffffff" size="1">viagra cialis</font><h1>CONGRATULATIONS DEAR FRIEND!!!</h1>
<p>100% FREE! No credit check, no obligation! Click here now: <a href="http://192.0.2.1/win">http://bank.example/</a>.
I am the widow of a bank manager with US$25,000,000 to transfer abroad. Lose weight fast! Online pharmacy!</p>
</body></html>
"""


@pytest.fixture(scope="module", autouse=True)
def _judges() -> None:
    lacking = missing()
    if lacking and is_ci():
        pytest.fail(f"install {', '.join(lacking)}")
    if lacking:
        pytest.skip(f"install {', '.join(lacking)}")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Mail:
    return built(tmp_path_factory.mktemp("good"), "good", issue_text("daily-brief", "mixed", 2))


def changed(mail: Mail, old: str, new: str, *, count: int = 1) -> Mail:
    assert old in mail.html
    return Mail("bad", mail.html.replace(old, new, count), mail.eml)


def test_the_checker_of_markup_sees_a_fault_in_the_mail_and_in_each_view(good: Mail, tmp_path: Path) -> None:
    bad = {
        "mail": changed(good, "<body", "<bodi></bodi><body"),
        "outlook": changed(good, "<!--[if mso | IE]>", "<!--[if mso | IE]><center>x</center>"),
        "others": changed(good, "</body>", '<!--[if !mso]><!--><p align="left">x</p><!--<![endif]--></body>'),
    }
    named = [Mail(name, mail.html, mail.eml) for name, mail in bad.items()]

    faults = markup.markup_faults([good, *named], tmp_path)

    assert faults[good.name] == []
    for name in bad:
        assert [fault for fault in faults[name] if fault.startswith(f"{name}: ")], faults[name]
    assert {fault.partition(":")[0] for fault in faults["outlook"]} == {"outlook"}


def test_a_pardon_covers_its_own_tag_only(good: Mail, tmp_path: Path) -> None:
    bad = changed(good, "</h3>", '<a name="elsewhere">x</a></h3>')
    found = markup.markup_faults([bad], tmp_path)["bad"]
    assert any("missing required attribute “href”" in fault for fault in found)


def test_a_tag_that_is_not_closed_in_a_comment_for_outlook_is_seen_there(good: Mail) -> None:
    bad = changed(good, "</td></tr></table><![endif]-->", "</tr></table><![endif]-->")
    assert nesting_faults(good.html) == []
    assert {fault.partition(":")[0] for fault in nesting_faults(bad.html)} == {"outlook"}


@pytest.mark.parametrize(
    ("html", "outlook", "others"),
    [
        ("a<!--[if mso]>b<![endif]-->c", "abc", "ac"),
        ("a<!--[if !mso]><!-->b<!--<![endif]-->c", "ac", "abc"),
        ("a<!--[if mso | IE]>b<![endif]-->c", "abc", "ac"),
        ("a<!--[if lte mso 11]>b<![endif]-->c", "ac", "ac"),
        ("a<!--[if gte mso 9]>b<![endif]-->c", "abc", "ac"),
        ("a<!--[if IE]>b<![endif]-->c", "ac", "ac"),
        ("a<!--[if !(mso)]><!-->b<!--<![endif]-->c<!-- d -->", "ac<!-- d -->", "abc<!-- d -->"),
    ],
)
def test_a_conditional_comment_is_read_as_word_and_as_others_do(html: str, outlook: str, others: str) -> None:
    assert outlook_view(html) == outlook
    assert others_view(html) == others


@pytest.mark.parametrize("html", ["<p>a<!--[if mso]></p>", "<p>a<![endif]--></p>", "<p><b>a</p></b>", "<p>", "</p>"])
def test_what_does_not_nest_is_seen(html: str) -> None:
    assert nesting_faults(html)


def test_the_browser_sees_contrast_missing_alt_overflow_and_requests(good: Mail) -> None:
    bad = Mail(
        "bad",
        good.html.replace("color:#5c6670", "color:#c9ced3").replace(
            "</body>", '<img src="https://example.com/pixel.png"><div style="width:900px">wide</div></body>'
        ),
        good.eml,
    )

    seen = browser.seen([good, bad])

    assert seen[good.name] == browser.Seen()
    assert {said.split(": ")[1] for said in seen["bad"].violations} >= {"color-contrast", "image-alt"}
    # A view of 800 px, and each phone, light and dark.
    assert len(seen["bad"].overflow) == len(browser.WIDTHS) * len(browser.SCHEMES)
    assert set(seen["bad"].requests) == {"https://example.com/pixel.png"}


def test_the_browser_sees_a_contrast_that_only_the_dark_scheme_lacks(good: Mail) -> None:
    seen = browser.seen([changed(good, "color: #e4e7ea !important", "color: #2a3037 !important", count=9)])["bad"]
    assert {said.partition(" ")[0] for said in seen.violations} == {"dark"}


def test_the_filter_knows_spam_from_our_mail(good: Mail, tmp_path: Path) -> None:
    scores = spam.spam_scores([good, Mail("spam", "", _SPAM.encode())], tmp_path)
    assert scores[good.name].points <= 0
    assert scores["spam"].points > 5


def test_caniemail_sees_what_goes_beyond_plain_mjml(good: Mail, tmp_path: Path) -> None:
    bad = changed(good, 'class="headline" style="', 'class="headline" style="display:grid;position:sticky;')
    found = support.unsupported([good, bad], tmp_path)
    assert found[good.name] == []
    assert len(found["bad"]) == 2
    assert all("outlook.windows" in fault for fault in found["bad"])


def test_all_judges_together_find_nothing_in_a_good_mail_and_the_fault_in_a_bad_one(good: Mail, tmp_path: Path) -> None:
    verdicts = judge([good, changed(good, "</h3>", "</p></h3>")], tmp_path)

    assert not any(verdicts[0].faults.values())
    assert verdicts[1].faults["HTML"]
    assert verdicts[1].faults["nesting"]
    assert [row.split()[0] for row in table(verdicts).splitlines()] == ["mail", "good", "bad"]
