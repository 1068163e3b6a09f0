"""The pages' app without a server, for what would take too long over one."""

from datetime import UTC, datetime, timedelta

from newsletter.issue import Sender
from newsletter.limits import Limit
from newsletter.masthead import Imprint
from newsletter.store import Store
from newsletter.web.face.visits import Door, House
from newsletter.wiring import load_materials
from tests.entrance import KEYS, NEWSLETTER, ROOT


def a_house(store: Store) -> House:
    """The shipped newsletters, one of them open to all."""
    materials = load_materials(ROOT / "templates")
    imprint = Imprint(
        sender=Sender(name="Harbour Advisers", address="news@example.com"),
        reply_to=None,
        postal_address="1 Quay Street",
        unsubscribe_address="leave@example.com",
    )
    return House(
        store=store,
        mastheads=materials.mastheads,
        vocabulary=materials.vocabulary,
        keys=KEYS,
        base_url="https://news.example.com",
        mailbox_of=lambda _: "leave@example.com",
        now=lambda: datetime.now(UTC),
        door=Door(
            imprints={NEWSLETTER: imprint},
            per_network=Limit(1_000, timedelta(hours=1)),
            in_all=Limit(100_000, timedelta(hours=1)),
        ),
        forget=lambda _: None,
    )
