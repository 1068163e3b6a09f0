"""What is held on a reader, for them to take along; and their wish that nothing of it is kept."""

import hmac
import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from newsletter.errors import RefusedError
from newsletter.limits import Limit
from newsletter.roster.one import everything_on
from newsletter.store.limiting import Counted
from newsletter.store.people import email_key
from newsletter.tokens import Purpose
from newsletter.web.face.answers import LOOK, Form, first, form_of, says, shown, words
from newsletter.web.face.pages import page
from newsletter.web.face.visits import DAY, House, Visit, visit_of

#: a link may come into the hands of others: they do not know the whole address, and may not try many
_TRIES = Limit(10, DAY)
_ASKED = words("address")
_EITHER = {"text/html": {"schema": {"type": "string"}}, "application/json": {"schema": {"type": "object"}}}


def add_owning(app: FastAPI, house: House) -> None:
    @app.api_route("/p/{token}/held", methods=LOOK, **says(404))
    def ask_held(token: str) -> Response:
        return _asking("held", visit_of(house, Purpose.PREFERENCES, token))

    @app.post("/p/{token}/held", **says(404, 422, 429, content=_EITHER, own=_ASKED))
    async def held(token: str, request: Request) -> Response:
        form = await form_of(request)
        return await run_in_threadpool(_held, house, token, form)

    @app.api_route("/p/{token}/forget", methods=LOOK, **says(404))
    def ask_forget(token: str) -> Response:
        return _asking("forget", visit_of(house, Purpose.PREFERENCES, token))

    @app.post("/p/{token}/forget", **says(404, 409, 422, 429, own=_ASKED))
    async def forget(token: str, request: Request) -> Response:
        form = await form_of(request)
        return await run_in_threadpool(_forget, house, token, form)


def _asking(key: str, visit: Visit, *, wrong: str = "", status: int = 200) -> Response:
    """
    :param wrong: the key of what was wrong
    """
    return shown(page("own", **visit.values(), up="../../", key=key, wrong=wrong), status)


def _held(house: House, token: str, form: Form) -> Response:
    visit = visit_of(house, Purpose.PREFERENCES, token)
    refusal = _refusal("held", visit, form)
    if refusal:
        return refusal
    told = everything_on(house.store, visit.reader.email)
    headers = {"Content-Disposition": 'attachment; filename="held-on-me.json"'}
    return Response(_as_text(told), media_type="application/json", headers=headers)


def _forget(house: House, token: str, form: Form) -> Response:
    visit = visit_of(house, Purpose.PREFERENCES, token)
    refusal = _refusal("forget", visit, form)
    if refusal:
        return refusal
    try:
        house.forget(visit.reader.email)
        house.traces.set()
    except RefusedError:
        return shown(page("said", **visit.values(), up="../../", head="forget_not", words="forget_not_why"), 409)
    return shown(page("said", **visit.values(), up="../../", head="forgotten", words="forgotten_is"))


def _refusal(key: str, visit: Visit, form: Form) -> Response | None:
    counted = Counted("address asked", visit.reader.public_id.hex(), _TRIES)
    if not visit.house.store.limits.take(counted, now=visit.house.now()):
        return _asking(key, visit, wrong="too_often", status=429)
    said, known = (email_key(it).encode() for it in (first(form, "address"), visit.reader.email))
    return None if hmac.compare_digest(said, known) else _asking(key, visit, wrong="other_address", status=422)


def _as_text(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
