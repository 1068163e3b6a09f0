"""
A whole store moved to another database: copied page by page, compared row by row, and only then closed where it was.

The source is held in one writing transaction from the first row to the last mark, so that no reader's no falls in
between. Of the two databases at most one can be used at any instant, and after the first commit of the last step only
the new one.
"""

from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import datetime
from functools import cached_property, partial
from itertools import chain
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.delivery import DeliveryState
from newsletter.errors import Finding, RefusedError, StoreError
from newsletter.store import marks, opening, schema
from newsletter.store.audit import audit_row, write_audit
from newsletter.store.copying import ChangedError, Sum, insert_page, missing_part, pages_of
from newsletter.store.database import Database, connect, file_of, parsed_address, shown_address
from newsletter.store.ways import insist_no_plan, ways_of
from newsletter.store.workers import Workers

#: told what is being done, and with how many rows it is done; each row is copied and verified
Tell = Callable[[str, int], None]

#: who is alive is for the new place to say
_OF_THE_MACHINE = (schema.workers,)
#: parents before what points to them
TABLES = [it for it in schema.metadata.sorted_tables if it not in (schema.meta, *_OF_THE_MACHINE)]
#: the new database has an id of its own, so that pages which still serve the old one are not taken for ours
_NOT_COPIED = ("store_id", *marks.MARKS)
_ANOTHER = "name an empty database"
_AS_IT_WAS = (
    "nothing was moved, and the old database stays in use; see that nobody writes there, and say the same again"
)


class MovedTable(NamedTuple):
    table: str
    rows: int
    #: SHA-256 of all rows, the same on both sides
    checksum: str
    #: texts whose NUL bytes have become pictures of one
    replaced: int


class Moved(NamedTuple):
    tables: tuple[MovedTable, ...]
    #: what an earlier try had copied was another state of the source, and was thrown away
    began_anew: bool


class HeldMailing(NamedTuple):
    id: int
    slug: str


class Foreseen(NamedTuple):
    #: both without user and password
    source: str
    target: str
    #: by table
    rows: dict[str, int]
    #: an earlier try was cut off
    is_begun: bool
    #: nothing but its last step is missing
    is_closed: bool
    #: machines and processes that may send with the source
    workers: list[str]
    #: mailings of which somebody holds deliveries, alive or dead
    held: list[HeldMailing]


class Move:
    """From one database to another. Both are open until it is closed."""

    def __init__(self, source: str, target: str, *, wait_seconds: float) -> None:
        """
        :raises StoreError: there is nothing to move, or no way to one of them
        """
        self._addresses = parsed_address(source), parsed_address(target)
        self.places = [shown_address(address) for address in self._addresses]
        self._insist_two_places()
        self._opened = ExitStack()
        self._connect = partial(connect, target, wait_seconds=wait_seconds, is_moving=True)
        self._source = self._opened.enter_context(closing(connect(source, wait_seconds=wait_seconds, is_moving=True)))

    @cached_property
    def _target(self) -> Database:
        """Not before it is needed: a file comes to be by it."""
        return self._opened.enter_context(closing(self._connect()))

    def close(self) -> None:
        self._opened.close()

    def foresee(self, now: datetime) -> Foreseen:
        """
        What there is to move; nothing is changed, but an older source is brought up to date.

        :raises StoreError: one of the two cannot be used
        :raises RefusedError: the target holds something else
        """
        self._insist_source()
        with self._source.reading() as source:
            meta, held = marks.meta_of(source), _held(source)
            rows = {table.name: _count(source, table) for table in TABLES}
        is_begun = self._is_begun_there(meta)
        if not is_begun:
            marks.insist_unmarked(meta, self._source.path)
        workers = Workers(self._source).alive(now)
        return Foreseen(self.places[0], self.places[1], rows, is_begun, marks.MOVED_TO in meta, workers, held)

    def run(self, tell: Tell, *, actor: str, now: datetime) -> Moved:
        """
        Move it all; where an earlier try was cut off, go on with what that one copied.

        :raises RefusedError: a mailing is under way, or the target holds something else
        :raises StoreError: a database fails, or what arrived is not what was sent; then the source stays in use
        """
        self._insist_source()
        with self._source.writing() as source:
            insist_no_plan(source)
            ways_of(source).lock_all(source, [schema.meta, *TABLES])
            meta = marks.meta_of(source)
            _insist_unheld(source)
            self._claim_target(meta)
            sums, began_anew = self._copied(source, tell)
            with self._target.writing() as target:
                ways_of(target).lock_all(target, [schema.meta, *TABLES])
                _verify(target, sums, tell)
                _pass_on_ids(source, target)
                target_id = _settle_meta(target, meta)
                write_audit(target, audit_row("moved", actor=actor, at=now, detail={"from": self.places[0]}))
                if marks.MOVED_TO not in meta:
                    _close(source, {marks.MOVED_TO: self.places[1], marks.MOVED_AS: target_id})
                # First this one: as long as only the source is closed, the same command ends what was begun.
                source.commit()
        with self._source.reading() as source:
            ways_of(source).send_away(source)
        return Moved(
            tuple(MovedTable(name, it.rows, it.checksum, it.replaced) for name, it in sums.items()), began_anew
        )

    def _insist_two_places(self) -> None:
        if self.places[0] == self.places[1]:
            raise RefusedError("FROM and TO are one and the same", fix="name the database that it is to move to")
        for address in self._addresses:
            if address.get_backend_name() == "sqlite" and file_of(address) is None:
                raise StoreError("a database in memory cannot be moved", fix="name a file or a server")
        path = file_of(self._addresses[0])
        if path is not None and not path.exists():
            raise StoreError(f"{path}: there is no database", fix="name the one that is to move")

    def _insist_source(self) -> None:
        with self._source.reading() as source:
            version = opening.version_of(source, self._source.path)
        if version is None:
            raise StoreError(f"{self.places[0]}: there is no store yet", fix="name the one that is to move")
        if version != opening.HEAD:
            with self._source.writing() as source:
                opening.bring_up_to_date(source, self._source.path)

    def _is_begun_there(self, source_meta: dict[str, str]) -> bool:
        path = file_of(self._addresses[1])
        if path is not None and not path.exists():
            return False
        with self._target.reading() as target:
            is_new = opening.version_of(target, self._target.path) is None
            return not is_new and self._is_begun(target, source_meta)

    def _claim_target(self, source_meta: dict[str, str]) -> None:
        """Mark it as a copy of this store, so that nobody uses it before it is whole."""
        with self._target.writing() as target:
            opening.bring_up_to_date(target, self._target.path)
            if self._is_begun(target, source_meta):
                return
            row = {"key": marks.COPY_OF, "value": source_meta["store_id"]}
            target.execute(sa.insert(schema.meta).values(row))
            ways_of(target).set_marked(target, is_marked=True)

    def _is_begun(self, target: sa.Connection, source_meta: dict[str, str]) -> bool:
        """
        True for a copy of this store that was begun; False for an empty store.

        :raises RefusedError: it is neither
        """
        meta = marks.meta_of(target)
        is_ours = meta.get(marks.COPY_OF) == source_meta["store_id"]
        # Once the source was closed for one copy, no other one may be ended.
        if is_ours and source_meta.get(marks.MOVED_AS) in (None, meta["store_id"]):
            return True
        marks.insist_unmarked(source_meta, self._source.path)
        if meta.get("store_id") == source_meta["store_id"]:
            raise RefusedError("FROM and TO are one and the same", fix="name the database that it is to move to")
        if marks.COPY_OF in meta:
            raise RefusedError(f"{self.places[1]}: another store is being moved there", fix=_ANOTHER)
        marks.insist_unmarked(meta, self._target.path)
        if opening.version_of(target, self._target.path) != opening.HEAD or _is_in_use(target):
            raise RefusedError(f"{self.places[1]}: there is a store already", fix=_ANOTHER)
        return False

    def _copied(self, source: sa.Connection, tell: Tell) -> tuple[dict[str, Sum], bool]:
        done = 0

        def noted(said: str, rows: int) -> None:
            nonlocal done
            done += rows
            tell(said, rows)

        try:
            return {table.name: self._copy(source, table, noted) for table in TABLES}, False
        except ChangedError:
            tell("copying anew", -done)
        with self._target.copying() as target:
            ways_of(target).empty(target, TABLES)
        return {table.name: self._copy(source, table, tell) for table in TABLES}, True

    def _copy(self, source: sa.Connection, table: sa.Table, tell: Tell) -> Sum:
        with closing(pages_of(source, table)) as pages:
            total = Sum(keeps_nul=self._target.keeps_nul)
            wanted = total.adding(pages, partial(tell, f"copying {table.name}"))
            with self._target.reading() as target, closing(pages_of(target, table)) as there:
                missing = missing_part(wanted, there)
            for page in chain([missing], wanted):
                if page:
                    with self._target.copying() as target:
                        insert_page(target, table, page)
        return total


def _is_in_use(target: sa.Connection) -> bool:
    tables = (*TABLES, *_OF_THE_MACHINE)
    return any(target.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() for table in tables)


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _held(connection: sa.Connection) -> list[HeldMailing]:
    mailing, run, delivery = schema.mailings.c, schema.runs.c, schema.deliveries.c
    is_open = sa.exists().where(run.mailing_id == mailing.id, run.ended_at.is_(None))
    is_claimed = sa.exists().where(delivery.mailing_id == mailing.id, delivery.state == DeliveryState.CLAIMED)
    wanted = sa.select(mailing.id, mailing.slug).where(sa.or_(is_open, is_claimed)).order_by(mailing.id)
    return [HeldMailing(*row) for row in connection.execute(wanted)]


def _insist_unheld(source: sa.Connection) -> None:
    for mailing in _held(source):
        raise RefusedError(
            f"mailing {mailing.id} ({mailing.slug}) is being sent",
            fix=f"let it end, or stop it with newsletter mailings pause {mailing.id}; then say the same again",
        )


def _verify(target: sa.Connection, sums: dict[str, Sum], tell: Tell) -> None:
    wrong = []
    for table in TABLES:
        sent, arrived = sums[table.name], Sum()
        told = partial(tell, f"verifying {table.name}")
        with closing(pages_of(target, table)) as pages:
            for _ in arrived.adding(pages, told):
                pass
        if (sent.rows, sent.checksum) != (arrived.rows, arrived.checksum):
            wrong.append(f"{table.name}: {sent.rows} rows were sent, {arrived.rows} are there, and they differ")
    if wrong:
        raise StoreError(*(Finding(message=said, fix=_AS_IT_WAS) for said in wrong))


def _pass_on_ids(source: sa.Connection, target: sa.Connection) -> None:
    """No number is given a second time: a run's is a fence, a delivery's is in Message-IDs."""
    for table in TABLES:
        if table.autoincrement_column is not None:
            ways_of(target).set_last_id(target, table, ways_of(source).last_id(source, table))


def _settle_meta(target: sa.Connection, source_meta: dict[str, str]) -> str:
    """What the source's says, under the new database's own id, which it gives back; and no mark any more."""
    own_id = marks.meta_of(target)["store_id"]
    target.execute(sa.delete(schema.meta))
    meta = {key: value for key, value in source_meta.items() if key not in _NOT_COPIED} | {"store_id": own_id}
    target.execute(sa.insert(schema.meta), [{"key": key, "value": value} for key, value in meta.items()])
    ways_of(target).set_marked(target, is_marked=False)
    return own_id


def _close(source: sa.Connection, told: dict[str, str]) -> None:
    source.execute(sa.insert(schema.meta), [{"key": key, "value": value} for key, value in told.items()])
    ways_of(source).close_for_good(source, [schema.meta, *TABLES, *_OF_THE_MACHINE])
    ways_of(source).set_marked(source, is_marked=True)
