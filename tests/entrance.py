"""`newsletter serve` with a newsletter that anybody may sign up for, and the SMTP server by which it answers."""

import http.client
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from newsletter.store import Store, open_store
from newsletter.subscriber import Subscriber
from newsletter.tokens import make_stamp
from tests.integration.at_work import started
from tests.integration.conftest import KEY
from tests.smtpd import Manners, free_port, smtp_server
from tests.stores import a_store, address_of

ROOT = Path(__file__).parents[1]
NEWSLETTER = "china-ai-brief"
KEYS = (KEY.encode(),)
#: attacks in full take some minutes: make test-faults
IS_FULL = os.environ.get("NEWSLETTER_ATTACKS") == "full"


def open_to_all(folder: Path) -> None:
    """A workspace in the folder, in which anybody may sign up for the brief."""
    for name in ("templates", "subscribers"):
        shutil.copytree(ROOT / name, folder / name)
    declared = folder / "templates" / "newsletters.yaml"
    text = declared.read_text(encoding="utf-8")
    declared.write_text(text.replace(f"{NEWSLETTER}:\n", f"{NEWSLETTER}:\n  sign_up: yes\n"), encoding="utf-8")


def a_stamp(newsletter: str = NEWSLETTER, *, age: float = 10) -> str:
    return make_stamp(KEYS, f"sign-up {newsletter}", int(time.time() - age))


@dataclass
class Entrance:
    port: int
    folder: Path
    manners: Manners
    smtp_port: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, fields: Any = (), **headers: str) -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        said = {"Content-Type": "application/x-www-form-urlencoded", "Host": "evil.example", **headers}
        connection.request(method, path, urlencode(fields, doseq=True), said)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, answer.headers

    def sign_up(self, address: str, *, network: str = "203.0.113.1", **fields: Any) -> tuple[int, str]:
        values = {"address": address, "agreed": "yes", "language": "en", "stamp": a_stamp()} | fields
        wanted = {name: value for name, value in values.items() if value is not None}
        status, text, _ = self.ask("POST", f"/s/{NEWSLETTER}", wanted, **{"X-Forwarded-For": network})
        return status, text

    def mails_to(self, address: str) -> list[EmailMessage]:
        arrived = [it for it in self.manners.arrived if it.recipient == address]
        return [message_from_bytes(it.content, policy=policy.default) for it in arrived]

    def mail_to(self, address: str, number: int = 1) -> EmailMessage:
        """The last of so many, once it has come."""
        deadline = time.monotonic() + 20
        while len(self.mails_to(address)) < number and time.monotonic() < deadline:
            time.sleep(0.05)
        found = self.mails_to(address)
        assert len(found) == number
        return found[-1]

    def link_to(self, address: str, number: int = 1) -> str:
        """The path of the link in that mail."""
        return urlsplit(link_in(self.mail_to(address, number))).path

    def take_in(self, address: str, **fields: Any) -> None:
        """Signed up and confirmed."""
        assert self.sign_up(address, **fields)[0] == 200
        assert self.ask("POST", self.link_to(address))[0] == 200

    def wait_until_answered(self) -> None:
        """No form waits, and no mail is due."""
        deadline, forms, due = time.monotonic() + 30, 1, 0
        while time.monotonic() < deadline:
            with self.store() as store, store._database.reading() as connection:
                forms = connection.exec_driver_sql("SELECT count(*) FROM signups").scalar_one()
                due = connection.exec_driver_sql("SELECT count(*) FROM answers WHERE due_at IS NOT NULL").scalar_one()
            if not forms + due:
                return
            time.sleep(0.1)
        raise AssertionError(f"{forms} forms and {due} mails wait still")

    @contextmanager
    def store(self) -> Iterator[Store]:
        with open_store(address_of(self.folder)) as store:
            yield store

    def reader(self, address: str, newsletter: str = NEWSLETTER) -> Subscriber | None:
        with self.store() as store:
            return next(iter(store.readers.find(address, newsletter)), None)


def link_in(mail: EmailMessage) -> str:
    """The only one in its text."""
    body = mail.get_body(("plain",))
    assert body
    (link,) = re.findall(r"https?://\S+", body.get_content())
    return str(link)


@contextmanager
def an_entrance(
    folder: Path, *, prepare: Callable[[Path], None] = lambda _: None, **settings: Any
) -> Iterator[Entrance]:
    open_to_all(folder)
    prepare(folder)
    a_store(folder).close()
    manners, port = Manners(), free_port()
    with smtp_server(manners) as smtp_port:
        ours = {"NEWSLETTER_BASE_URL": f"http://127.0.0.1:{port}", "NEWSLETTER_TRUSTED_PROXIES": "1"} | settings
        with started(folder, ["serve", "--port", port], smtp_port, **ours) as at_work:
            at_work.wait_until(lambda: "Serving" in at_work.said)
            yield Entrance(port, folder, manners, smtp_port)
            assert "Traceback" not in at_work.said, at_work.said
