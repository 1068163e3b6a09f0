"""
PostgreSQL looks no key up for a row of a plan: its keys were copied from the rows that they lead to.

A plan is one INSERT … SELECT of subscriptions, in a transaction that no other writer stands in. Four look-ups and locks
for each delivery took 85 % of its time, and wrote every reader and subscription anew. What the keys are for stays true
from the other side: what a delivery or a skip points to cannot be deleted.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

_KEYS = {
    "deliveries": ("mailing_id", "edition_id", "subscriber_id", "subscription_id"),
    "skips": ("mailing_id", "subscriber_id"),
}
#: by table, how rows are found that point to one of its rows
_POINTING = {
    "mailings": (
        "SELECT 1 FROM deliveries WHERE mailing_id = OLD.id",
        "SELECT 1 FROM skips WHERE mailing_id = OLD.id",
    ),
    "editions": ("SELECT 1 FROM deliveries WHERE mailing_id = OLD.mailing_id AND edition_id = OLD.id",),
    "subscribers": (
        "SELECT 1 FROM deliveries WHERE subscriber_id = OLD.id",
        "SELECT 1 FROM skips WHERE subscriber_id = OLD.id",
    ),
    "subscriptions": (
        "SELECT 1 FROM deliveries WHERE subscriber_id = OLD.subscriber_id AND subscription_id = OLD.id",
    ),
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    # A delivery is written three times, and what it was stands in an index until it is cleaned up.
    op.execute("ALTER TABLE deliveries SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000)")
    for table, columns in _KEYS.items():
        for column in columns:
            op.drop_constraint(op.f(f"fk_{table}_{column}"), table, type_="foreignkey")
    for table, found in _POINTING.items():
        _guard(table, " OR ".join(f"EXISTS ({each})" for each in found))


def _guard(table: str, is_pointed_to: str) -> None:
    name = f"tr_{table}_kept"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {is_pointed_to} THEN RAISE EXCEPTION 'a plan points to that row of {table}' "
        "USING ERRCODE = 'foreign_key_violation'; END IF; RETURN OLD; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
