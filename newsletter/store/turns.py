"""On a server plans are written while others write. Who plans or deletes what a plan may point to keeps them out."""

import sqlalchemy as sa

from newsletter.errors import AwayError
from newsletter.store.database import ways_of


def insist_no_plan(connection: sa.Connection) -> None:
    """
    From now on until the end of this transaction nobody plans.

    :raises AwayError: somebody does
    """
    if not ways_of(connection).keep_plans_out(connection):
        raise AwayError("a mailing is being planned", fix="wait until that is done, and try again")
