"""A Postfix of its own: it takes mail from us, passes it on to a server that a test plays, and writes the bounces."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.smtpd import free_port

_PROGRAMS = Path("/usr/lib/postfix/sbin")
_MASTER = Path("/usr/share/postfix/master.cf.dist")
#: seconds are hours here: it gives up after three
_SETTINGS = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
command_directory = /usr/sbin
daemon_directory = {programs}
maillog_file = {root}/mail.log
maillog_file_prefixes = /
myhostname = mx.news.example.com
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
recipient_delimiter = +
relayhost = [127.0.0.1]:{next_hop}
disable_dns_lookups = yes
smtp_host_lookup = native
virtual_mailbox_domains = news.example.com
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = static:bounce/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_transport = virtual
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
maximal_queue_lifetime = 3s
"""


@dataclass
class Postfix:
    port: int
    root: Path

    @property
    def maildir(self) -> Path:
        return self.root / "mail" / "bounce"

    def wait_for(self, mails: int) -> None:
        """Until so many have come back."""
        deadline = time.monotonic() + 60
        while len(self.arrived()) < mails and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(self.arrived()) == mails, (self.root / "mail.log").read_text(encoding="utf-8", errors="replace")

    def arrived(self) -> list[Path]:
        new = self.maildir / "new"
        return list(new.iterdir()) if new.is_dir() else []


@contextmanager
def postfix(root: Path, next_hop: int) -> Iterator[Postfix]:
    """
    :param root: a folder that everybody may enter
    :param next_hop: the port of the server that it passes everything on to
    """
    if os.geteuid() or not _MASTER.is_file() or not shutil.which("postfix", path="/usr/sbin"):
        pytest.skip("Postfix is missing, or may not be run: it starts as root")
    port = free_port()
    configuration = root / "etc"
    for folder in ("etc", "queue", "data", "mail"):
        (root / folder).mkdir()
    shutil.chown(root / "data", "postfix")
    shutil.chown(root / "mail", 65534, 65534)
    settings = _SETTINGS.format(root=root, programs=_PROGRAMS, next_hop=next_hop)
    (configuration / "main.cf").write_text(settings, encoding="utf-8")
    (configuration / "master.cf").write_text(_master(port), encoding="utf-8")
    run = _runner(configuration)
    run("start")
    try:
        yield Postfix(port, root)
    finally:
        run("stop")


def _runner(configuration: Path) -> Callable[[str], None]:
    def run(word: str) -> None:
        command = ["/usr/sbin/postfix", "-c", str(configuration), word]
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
        assert done.returncode == 0, done.stderr.decode(errors="replace")

    return run


def _master(port: int) -> str:
    """The shipped one, without a cage that would have to be filled, at our port."""
    shipped = _MASTER.read_text(encoding="utf-8")
    lines = [line for line in shipped.splitlines() if line and not line.startswith("#")]
    lines = [re.sub(r"^(\S+\s+(?:inet|unix|fifo|pass)\s+\S+\s+\S+\s+)y(\s)", r"\1n\2", line) for line in lines]
    lines = [re.sub(r"^smtp(\s+inet)", rf"127.0.0.1:{port}\1", line) for line in lines]
    if not any(line.startswith("postlog") for line in lines):
        lines.append("postlog unix-dgram n - n - 1 postlogd")
    return "\n".join(lines) + "\n"
