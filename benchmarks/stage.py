"""Everything that `benchmarks.scale` measures: a server with readers, providers, a slow network, and mailings."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.server import Server, a_server
from benchmarks.windows import Scene, Window
from benchmarks.working import Crew, Sink, Taker, a_sendgrid, a_sink
from newsletter.delivery import DeliveryState, MailingStatus
from newsletter.store import open_store
from tests import postgres
from tests.proxy import Proxy, a_proxy

CONNECTIONS = 8
#: seconds that the proxy adds to every packet, each way
DELAY = 0.02


@dataclass(frozen=True, slots=True)
class Way:
    """So many workers into a provider, with the proxy before something or nothing."""

    workers: int
    provider: str
    before: str = ""

    @property
    def group(self) -> str:
        return f"{self.provider}, 20 ms before the {self.before}" if self.before else self.provider

    def __str__(self) -> str:
        return f"{self.group}, {self.workers} worker{'s' if self.workers > 1 else ''}"


_NEAR = tuple(Way(number, provider) for provider in ("sink", "SendGrid fake") for number in (1, 2, 4))
_FAR = tuple(Way(number, "sink", before) for before in ("sink", "database") for number in (1, 2))
WAYS = _NEAR + _FAR


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that runs, and the mailing that is under way by each transport."""

    server: Server
    sink: Sink
    takers: Mapping[str, Taker]
    #: by what they stand before
    proxies: Mapping[str, Proxy]
    folder: Path
    readers: int
    #: by transport
    mailings: dict[str, int] = field(default_factory=dict)
    #: by way: what the last window and what came before it took of the mailing
    eaten: dict[Way, int] = field(default_factory=dict)
    plans: list[float] = field(default_factory=list)

    def look(self, way: Way, seconds: float) -> Window:
        """A window of that way; a mailing that would not last is planned anew."""
        taker = self.takers[way.provider]
        left = self._left(taker.transport)
        if left < min(self.readers, 1.5 * self.eaten.get(way, self.readers / 2)):
            left = self.plan(taker.transport)
        before = taker.count()
        with self.crew(way).at_work() as workers:
            window = Scene(self.server, taker, self._others(way)).look(workers, left=left, seconds=seconds)
        self.eaten[way] = taker.count() - before
        return window

    def plan(self, transport: str) -> int:
        """One more mailing for everybody is under way by that transport, and no other; how many readers it has."""
        took = in_a_process(self.server.url, self.readers, "again")
        self.plans.append(took["plan_seconds"])
        now = datetime.now(UTC)
        with open_store(self.server.url) as store:
            for old in store.mailings.recent(100):
                if old.status is MailingStatus.SENDING and old.transport == transport:
                    store.mailings.cancel(old.id, actor="bench", now=now)
            mailing = store.mailings.recent(1)[0]
            self.mailings[transport] = mailing.id
            return store.mailings.counts(mailing.id)[DeliveryState.PLANNED]

    def crew(self, way: Way) -> Crew:
        taker = self.takers[way.provider]
        port = self.proxies["sink"].port if way.before == "sink" else None
        url = self.server.url
        if way.before == "database":
            url = postgres.by_way_of(self.proxies["database"].port, url)
        self._only(taker.transport)
        return Crew(
            number=way.workers, url=url, settings=taker.settings(port), connections=CONNECTIONS, folder=self.folder
        )

    def _only(self, transport: str) -> None:
        """Workers send whatever is under way: that of the other transport rests meanwhile."""
        now = datetime.now(UTC)
        with open_store(self.server.url) as store:
            for name, number in self.mailings.items():
                mailing = store.mailings.find(number)
                if name != transport and mailing.status is MailingStatus.SENDING:
                    store.mailings.pause(number, "another is measured", actor="bench", now=now)
            mailing = store.mailings.find(self.mailings[transport])
            if mailing.status is MailingStatus.PAUSED:
                store.mailings.resume(mailing.id, actor="bench", now=now)
            store.mailings.begin(mailing.id, transport=transport, actor="bench", now=now)

    def _left(self, transport: str) -> int:
        if transport not in self.mailings:
            return 0
        with open_store(self.server.url) as store:
            return store.mailings.counts(self.mailings[transport])[DeliveryState.PLANNED]

    def _others(self, way: Way) -> dict[str, int]:
        found = {way.provider: self.takers[way.provider].pid}
        return found | ({"proxy": self.proxies[way.before].process.pid} if way.before else {})


def in_a_process(url: str, readers: int, *words: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.planned", url, str(readers), *words]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


@contextmanager
def a_stage(readers: int) -> Iterator[tuple[Stage, dict[str, float]]]:
    """With its readers, and what it took to take them in and to plan for them once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="newsletter-bench-")))
        server = stack.enter_context(a_server())
        print(f"Taking in {readers:,} readers", file=sys.stderr)
        took = in_a_process(server.url, readers)
        sink, sendgrid = stack.enter_context(a_sink(folder)), stack.enter_context(a_sendgrid())
        proxies = {
            "sink": stack.enter_context(a_proxy(sink.port, delay=DELAY)),
            "database": stack.enter_context(a_proxy(server.socket, delay=DELAY)),
        }
        takers: dict[str, Taker] = {"sink": sink, "SendGrid fake": sendgrid}
        stage = Stage(server=server, sink=sink, takers=takers, proxies=proxies, folder=folder, readers=readers)
        with open_store(server.url) as store:
            stage.mailings["smtp"] = store.mailings.recent(1)[0].id
        yield stage, took
