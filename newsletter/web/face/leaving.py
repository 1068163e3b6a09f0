"""The pages by which one leaves, and comes back from a slip."""

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from newsletter.errors import RefusedError
from newsletter.roster.own import come_back, leave
from newsletter.subscriber import SubscriptionStatus
from newsletter.tokens import Purpose
from newsletter.web.face.answers import LOOK, Form, first, form_of, says, shown, words
from newsletter.web.face.oneclick import DONE, FROM_ANYWHERE, Leaving
from newsletter.web.face.pages import page
from newsletter.web.face.visits import House, Visit, visit_of

_PAGE_OR_WORD = {kind: {"schema": {"type": "string"}} for kind in ("text/html", "text/plain")}


def add_leaving(app: FastAPI, house: House, leaving: Leaving) -> None:
    @app.api_route("/u/{token}", methods=LOOK, **says(404))
    def ask(token: str) -> Response:
        visit = visit_of(house, Purpose.UNSUBSCRIBE, token)
        return _left(visit) if is_out(visit) else shown(page("leave", **visit.values()))

    @app.post("/u/{token}", **says(404, content=_PAGE_OR_WORD, own=words("List-Unsubscribe", "from")))
    async def go(token: str, request: Request) -> Response:
        """With one click (RFC 8058), from a mail program; or with a button, from our own page."""
        form = await form_of(request)
        if "List-Unsubscribe" not in form:
            return await run_in_threadpool(_go, house, token, form)
        await leaving.click(token)
        return PlainTextResponse(DONE, headers=FROM_ANYWHERE)

    @app.post("/u/{token}/back", **says(404, 409, own=words("from")))
    async def back(token: str, request: Request) -> Response:
        form = await form_of(request)
        return await run_in_threadpool(_back, house, token, form)


def _go(house: House, token: str, form: Form) -> Response:
    visit = visit_of(house, Purpose.UNSUBSCRIBE, token)
    everywhere = first(form, "from") == "all"
    leave(house.store, visit.reader, everywhere=everywhere, now=house.now())
    house.figures.unsubscribed.labels("page").inc()
    return _left(visit, everywhere=everywhere)


def _back(house: House, token: str, form: Form) -> Response:
    visit = visit_of(house, Purpose.UNSUBSCRIBE, token)
    try:
        come_back(house.store, visit.reader, everywhere=first(form, "from") == "all", now=house.now())
    except RefusedError:
        return shown(page("said", **visit.values(), up="../../", head="back_not", words="back_not_why"), 409)
    return shown(page("said", **visit.values(), up="../../", head="back", words="back_this"))


def _left(visit: Visit, *, everywhere: bool = False) -> Response:
    return shown(page("left", **visit.values(), everywhere=everywhere))


def is_out(visit: Visit) -> bool:
    return visit.reader.status is SubscriptionStatus.UNSUBSCRIBED
