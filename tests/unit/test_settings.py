from pathlib import Path

import pytest

from newsletter.dispatch import DOMAIN_RATES
from newsletter.errors import SettingsError
from newsletter.settings import Settings, TransportName, read_settings
from newsletter.wiring import terms_for

NOWHERE = Path("no-such-file.env")


def test_without_any_setting_there_are_sensible_ones() -> None:
    settings = read_settings({}, NOWHERE)

    assert settings.database_url == "sqlite:///newsletter.db"
    assert settings.transport is TransportName.OUTBOX
    assert settings.keys == ()


def test_the_environment_wins_over_the_file_and_an_empty_value_is_none(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("NEWSLETTER_SENDER_NAME=From the file\nNEWSLETTER_ACTOR='An Adviser'\nNEWSLETTER_REPLY_TO=\n")

    settings = read_settings({"NEWSLETTER_SENDER_NAME": "From outside", "NEWSLETTER_ACTOR": ""}, file)

    assert (settings.sender_name, settings.actor, settings.reply_to) == ("From outside", "An Adviser", None)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("NEWSLETTER_TRANSPORT", "pigeon", "NEWSLETTER_TRANSPORT: Input should be 'outbox', 'smtp' or 'sendgrid'"),
        (
            "NEWSLETTER_SENDER_NAMME",
            "x",
            "NEWSLETTER_SENDER_NAMME is not a setting; did you mean NEWSLETTER_SENDER_NAME?",
        ),
        ("NEWSLETTER_SECRET_KEY", "short", "NEWSLETTER_SECRET_KEY: a key is shorter than 32 bytes"),
        ("NEWSLETTER_REQUIRE_APPROVAL", "perhaps", "NEWSLETTER_REQUIRE_APPROVAL: is neither yes nor no"),
        ("NEWSLETTER_RATE", "fast", "NEWSLETTER_RATE: 'fast' is not a rate; write it as 500/hour"),
        (
            "NEWSLETTER_DOMAIN_RATES",
            "gmail.com",
            "NEWSLETTER_DOMAIN_RATES: are not domains with their rates; write them",
        ),
        (
            "NEWSLETTER_DOMAIN_RATES",
            "=5/second",
            "NEWSLETTER_DOMAIN_RATES: are not domains with their rates; write them",
        ),
        (
            "NEWSLETTER_DOMAIN_RATES",
            "qq.com=fast",
            "NEWSLETTER_DOMAIN_RATES: 'fast' is not a rate; write it as 500/hour",
        ),
        ("NEWSLETTER_RESULT_TO", "desk@example.com, mei", "NEWSLETTER_RESULT_TO: is not a mail address"),
        ("NEWSLETTER_DKIM_DOMAIN", "example.com; h=from", "NEWSLETTER_DKIM_DOMAIN: is not a domain; write it in ASCII"),
        ("NEWSLETTER_DKIM_DOMAIN", "com", "NEWSLETTER_DKIM_DOMAIN: is not a domain"),
        ("NEWSLETTER_DKIM_SELECTOR", "a\r\nBcc: b", "NEWSLETTER_DKIM_SELECTOR: is not a DKIM selector; write what"),
        ("NEWSLETTER_SMTP_PORT", "99999", "NEWSLETTER_SMTP_PORT: Input should be less than or equal to 65535"),
        ("NEWSLETTER_SENDER_ADDRESS", "nobody", "NEWSLETTER_SENDER_ADDRESS: is not a mail address"),
        ("NEWSLETTER_BASE_URL", "news.example.com", "NEWSLETTER_BASE_URL: "),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({name: value}, NOWHERE)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"NEWSLETTER_SECRET_KEY": "hunter2hunter2"}, NOWHERE)

    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Settings(smtp_password="hunter2hunter2"))


@pytest.mark.parametrize(("rate", "expected"), [("3600/hour", 1.0), ("5/second", 5.0), ("60 / minute", 1.0)])
def test_a_rate_is_messages_a_second(rate: str, expected: float) -> None:
    assert read_settings({"NEWSLETTER_RATE": rate}, NOWHERE).rate == expected


def test_rates_of_domains_are_read_like_the_rate() -> None:
    settings = read_settings({"NEWSLETTER_DOMAIN_RATES": "Gmail.com = 20/second, qq.com=60/minute,"}, NOWHERE)

    assert settings.domain_rates == {"gmail.com": 20.0, "qq.com": 1.0}


def test_those_who_are_told_the_result_are_parted_by_commas() -> None:
    settings = read_settings({"NEWSLETTER_RESULT_TO": "desk@example.com , partner@example.org"}, NOWHERE)

    assert settings.result_to == ("desk@example.com", "partner@example.org")


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        (TransportName.SMTP, {**DOMAIN_RATES, "gmail.com": 20.0, "example.com": 1.0}),
        (TransportName.SENDGRID, {}),
        (TransportName.OUTBOX, {}),
    ],
)
def test_rates_of_domains_stand_beside_our_own_and_hold_for_smtp_only(
    name: TransportName, rates: dict[str, float]
) -> None:
    settings = Settings(
        secret_key="k" * 32,
        smtp_host="smtp.example.com",
        sendgrid_api_key="SG.right",
        domain_rates="gmail.com=20/second, example.com=60/minute",
        rate="3600/hour",
    )

    assert terms_for(settings, name, "send").domain_rates == rates
    assert terms_for(settings, name, "send").rate == 1.0
    assert terms_for(settings, name, "send", rate=2.0).rate == 2.0
