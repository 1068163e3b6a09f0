"""What PostgreSQL's refusals mean, by their SQLSTATE (PostgreSQL's appendix A)."""

import sqlalchemy as sa

#: this server follows another one, which takes the writes
READ_ONLY = "25006"
#: SQLSTATE: somebody else holds what we waited for
LOCKED = "55P03"
#: a SQLSTATE of our own, of a class that nobody else has
MOVED = "NL001"
#: what goes by: away, out of connections, a lock not had, others were faster, or we slept (PostgreSQL's appendix A)
PASSING = ("08", "57P", "53300", "55P03", "40001", "40P01", "25P03", "25P04", READ_ONLY)


def is_passing(error: sa.exc.DBAPIError) -> bool:
    """It may go well the next time."""
    return _state_of(error).startswith(PASSING)


def _state_of(error: sa.exc.DBAPIError) -> str:
    """The SQLSTATE; without one, nobody answered."""
    state = getattr(error.orig, "sqlstate", None)
    return state or ("08" if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) else "")


def is_busy(error: sa.exc.DBAPIError) -> bool:
    """Somebody else is at work."""
    return getattr(error.orig, "sqlstate", None) in _BUSY


def meaning_of(error: sa.exc.DBAPIError) -> tuple[str, str]:
    """What happened, and what to do. The server's details are left out: they quote rows, and so readers."""
    state = _state_of(error)
    primary = getattr(getattr(error.orig, "diag", None), "message_primary", None) or type(error.orig).__name__
    if state == MOVED:
        return primary, "set NEWSLETTER_DATABASE_URL to it"
    said = (f"the database refuses ({' '.join(primary.split())})", "please report this")
    return next((meaning for start, meaning in _MEANINGS.items() if state.startswith(start)), said)


#: a lock that was not to be had in time; a statement that was not done in time
_BUSY = ("55P03", "57014")
_AT_WORK = ("another program is writing to the database", "wait until it is done, and try again")
_LOOK_AFTER = "check its address and password, that its server runs, and has such a database"
#: by the beginning of the SQLSTATE (PostgreSQL's appendix A)
_MEANINGS = {
    "08": (
        "the database cannot be reached",
        _LOOK_AFTER,
    ),
    LOCKED: _AT_WORK,
    "57014": _AT_WORK,
    "53100": ("the disk is full; nothing of this step was written", "make room, and try again"),
    "53": ("the database server has no room for more", "close other programs, or allow it more connections"),
    READ_ONLY: ("the database cannot be written", "use the server that takes writes"),
    "42501": ("the database does not allow that", "give its user the rights to this database"),
    "25P0": ("the database has let go of us", "try again"),
    "57P": ("the database server was stopped", "start it, and try again"),
    "23": ("the database refuses a change that contradicts what it holds", "please report this"),
}
