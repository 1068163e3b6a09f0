"""The page of a reader's preferences: subjects, name, language, and a pause; each can be taken back."""

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from newsletter.days import day_in_words
from newsletter.errors import RefusedError, TokenError
from newsletter.roster.own import PAUSES, Preferences, checked_name, choose, introduce, pause, restore
from newsletter.tokens import Purpose, make_stamp, read_stamp
from newsletter.web.face.answers import LOOK, Form, first, form_of, says, shown, words
from newsletter.web.face.leaving import is_out
from newsletter.web.face.pages import page
from newsletter.web.face.subjects import subjects_of
from newsletter.web.face.visits import House, Visit, visit_of
from newsletter.web.face.wording import LANGUAGES

_CHOICE = words("which", "name", "language", subject=[])
_WEEKS = {str(weeks): weeks for weeks in (0, *PAUSES)}


def add_choosing(app: FastAPI, house: House) -> None:
    @app.api_route("/p/{token}", methods=LOOK, **says(404))
    def ask(token: str) -> Response:
        return _preferences(visit_of(house, Purpose.PREFERENCES, token))

    @app.post("/p/{token}", **says(404, 422, own=_CHOICE))
    async def save(token: str, request: Request) -> Response:
        form = await form_of(request)
        return await run_in_threadpool(_save, house, token, form)

    @app.post("/p/{token}/undo", **says(404, 409, own=words("before", "proof")))
    async def undo(token: str, request: Request) -> Response:
        form = await form_of(request)
        return await run_in_threadpool(_undo, house, token, form)

    @app.post("/p/{token}/pause", **says(404, 422, own=words("weeks")))
    async def wait(token: str, request: Request) -> Response:
        form = await form_of(request)
        return await run_in_threadpool(_pause, house, token, form)


def _save(house: House, token: str, form: Form) -> Response:
    visit = visit_of(house, Purpose.PREFERENCES, token)
    before = Preferences.of(visit.reader)
    try:
        name = checked_name(first(form, "name")) if "name" in form else before.name
    except RefusedError:
        return _preferences(visit, status=422, is_wrong=True)
    said = first(form, "language")
    language = said if said in LANGUAGES else before.language
    introduce(house.store, visit.reader, name=name, language=language, now=house.now())
    chosen = None if first(form, "which") == "all" else form.get("subject", [])
    choose(house.store, visit.reader, chosen, vocabulary=house.vocabulary, now=house.now())
    after = visit_of(house, Purpose.PREFERENCES, token)
    is_changed = Preferences.of(after.reader) != before
    return _preferences(after, note="saved", undo=_undo_fields(after, before) if is_changed else None)


def _undo(house: House, token: str, form: Form) -> Response:
    visit = visit_of(house, Purpose.PREFERENCES, token)
    told = first(form, "before")
    try:
        read_stamp(house.keys, _undo_form(visit, told), first(form, "proof"))
    except TokenError:
        return _preferences(visit, up="../../", status=409, note="undo_not")
    values = json.loads(told)
    before = Preferences(interests=frozenset(values["interests"]), name=values["name"], language=values["language"])
    restore(house.store, visit.reader, before, now=house.now())
    return _preferences(visit_of(house, Purpose.PREFERENCES, token), up="../../", note="undone")


def _undo_fields(visit: Visit, before: Preferences) -> tuple[str, str]:
    """
    What was, and our signature on it: a reader takes back what they have changed, and gives themselves nothing by it
    that they were not offered.
    """
    told = {"interests": sorted(before.interests), "name": before.name, "language": before.language}
    text = json.dumps(told, sort_keys=True)
    at = int(visit.house.now().timestamp())
    return text, make_stamp(visit.house.keys, _undo_form(visit, text), at)


def _undo_form(visit: Visit, told: str) -> str:
    return f"undo {visit.reader.public_id.hex()} {told}"


def _pause(house: House, token: str, form: Form) -> Response:
    visit = visit_of(house, Purpose.PREFERENCES, token)
    weeks = _WEEKS.get(first(form, "weeks"))
    if weeks is None:
        return _preferences(visit, up="../../", status=422)
    pause(house.store, visit.reader, weeks, now=house.now())
    return _preferences(visit_of(house, Purpose.PREFERENCES, token), up="../../", note="paused" if weeks else "resumed")


def _preferences(visit: Visit, *, up: str = "../", status: int = 200, **said: Any) -> Response:
    """
    :param said: `note`, what has just been done; `undo`, how it is taken back; `is_wrong`, a name that cannot be taken
    """
    reader, house = visit.reader, visit.house
    until = reader.paused_until if reader.is_paused(house.now()) else None
    values: dict[str, Any] = {
        "groups": subjects_of(house.vocabulary, visit.language, reader.interests),
        "has_some": bool(reader.interests),
        "is_out": is_out(visit),
        "name": reader.name,
        "languages": LANGUAGES,
        "pauses": PAUSES,
        "until": until and day_in_words(visit.day_of(until), visit.language),
    }
    values |= {"note": "", "undo": None, "is_wrong": False} | said
    return shown(page("choose", up=up, **visit.values(), **values), status)
