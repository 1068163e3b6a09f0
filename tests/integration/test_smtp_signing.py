"""Signed mail on its way, and keys with which nothing is sent."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from newsletter.errors import SettingsError
from newsletter.message import Letter
from newsletter.providers.smtp import Security, SmtpTransport
from newsletter.settings import Settings, TransportName
from newsletter.wiring.transports import transport_for
from tests.builders import a_recipient, an_edition
from tests.dkim_keys import DOMAIN, SELECTOR, an_rsa_key, pem, verifies
from tests.smtpd import Manners, read_sink, sink_folder, smtp_server, smtp_sink


def signing_transport(port: int, key_file: Path, **details: Any) -> SmtpTransport:
    """As the settings make it."""
    values: dict[str, Any] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "dkim_domain": DOMAIN,
        "dkim_selector": SELECTOR,
        "dkim_key_file": key_file,
        **details,
    }
    transport = transport_for(Settings(**values), TransportName.SMTP)
    assert isinstance(transport, SmtpTransport)
    return transport


def send(transport: SmtpTransport, count: int) -> int:
    """How many receipts there were."""
    edition = an_edition()
    letters = iter([Letter(edition, a_recipient(number)) for number in range(count)])
    with transport:
        return sum(len(receipts) for receipts in transport.send(letters, lambda _: None))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "dkim.pem"
    path.write_bytes(pem(an_rsa_key()))
    return path


@pytest.mark.parametrize("pipelining", [False, True], ids=["step by step", "pipelined"])
def test_what_arrives_verifies(key_file: Path, pipelining: bool) -> None:
    manners = Manners(pipelining=pipelining)
    with smtp_server(manners) as port:
        assert send(signing_transport(port, key_file), 12) == 12

    assert len(manners.arrived) == 12
    assert all(verifies(arrived.content) for arrived in manners.arrived)


def test_what_arrives_at_smtp_sink_verifies(key_file: Path) -> None:
    with sink_folder() as folder:
        with smtp_sink(taken=folder) as port:
            assert send(signing_transport(port, key_file), 12) == 12
        arrived = read_sink(folder)

    assert len(arrived) == 12
    # It writes lines as files have them.
    assert all(verifies(one.content.replace(b"\n", b"\r\n").removesuffix(b"\r\n")) for one in arrived)


def test_without_the_settings_nothing_is_signed() -> None:
    manners = Manners()
    with smtp_server(manners) as port:
        send(SmtpTransport("127.0.0.1", port, security=Security.NONE), 1)

    assert b"DKIM-Signature" not in manners.arrived[0].content


UNFIT = {
    "no key": (b"not a key", "holds no private key in PEM form; make one with: openssl genrsa"),
    "nothing": (b"", "holds no private key in PEM form"),
    "encrypted": (pem(an_rsa_key(), b"secret"), "the DKIM key is encrypted; take the password away"),
    "elliptic": (pem(ec.generate_private_key(ec.SECP256R1())), "the DKIM key is no RSA key"),
    "short": (pem(an_rsa_key(1024)), "the DKIM key has 1024 bits; it needs 2048"),
}


@pytest.mark.parametrize(("content", "said"), UNFIT.values(), ids=UNFIT)
def test_a_key_of_no_use_ends_in_one_line_that_shows_none_of_it(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "dkim.pem"
    path.write_bytes(content)

    with pytest.raises(SettingsError) as caught:
        signing_transport(1, path)

    assert f"{path}: {said}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "said"), [("missing.pem", "No such file or directory"), ("", "Is a directory")])
def test_a_key_that_cannot_be_read_ends_in_one_line(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        signing_transport(1, tmp_path / name)

    assert str(caught.value).endswith(
        f"the DKIM key cannot be read ({said}); check NEWSLETTER_DKIM_KEY_FILE, and who may read that file"
    )


@pytest.mark.parametrize("field", ["dkim_domain", "dkim_selector", "dkim_key_file"])
def test_two_of_the_three_settings_are_not_enough(key_file: Path, field: str) -> None:
    with pytest.raises(SettingsError) as caught:
        signing_transport(1, key_file, **{field: None})

    assert str(caught.value) == (
        f"NEWSLETTER_{field.upper()} missing, and DKIM needs all three settings; set all three, or none"
    )
