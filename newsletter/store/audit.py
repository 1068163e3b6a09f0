"""Who did what, as rows of the audit table: ids and words of ours, never an address or a name."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.store import schema


def audit_row(
    action: str,
    *,
    actor: str,
    at: datetime,
    subscriber_id: int | None = None,
    mailing_id: int | None = None,
    detail: dict[str, Any] | None = None,
) -> dict[str, Any]:
    told = json.dumps(detail or {}, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return {
        "at": at,
        "actor": actor,
        "action": action,
        "subscriber_id": subscriber_id,
        "mailing_id": mailing_id,
        "detail": told,
    }


def write_audit(connection: sa.Connection, *rows: dict[str, Any]) -> None:
    if rows:
        connection.execute(sa.insert(schema.audit), rows)
