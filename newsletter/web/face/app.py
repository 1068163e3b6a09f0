"""The routes. A GET changes nothing, whoever fetches it; a POST has taken effect before it is answered."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from newsletter.errors import RefusedError, StoreError
from newsletter.health import fingerprint
from newsletter.roster.own import READER, choose, come_back, leave
from newsletter.subscriber import SubscriptionStatus
from newsletter.tokens import Purpose
from newsletter.web.face.archive import add_archive
from newsletter.web.face.pages import FOLDER, notice, page
from newsletter.web.face.subjects import subjects_of
from newsletter.web.face.together import Together
from newsletter.web.face.viewing import MAIL_POLICY, mail_of
from newsletter.web.face.visits import House, StrangeLinkError, Visit, subscription_of, visit_of
from newsletter.web.palette import styled

_LOOK = ["GET", "HEAD"]
_FILES = {"face.css": "text/css", "choose.js": "text/javascript"}
#: some mail programs post from a browser, from their own origin
_FROM_ANYWHERE = {"Access-Control-Allow-Origin": "*"}
_Form = dict[str, list[str]]


def create_app(house: House) -> FastAPI:
    # A redirect of FastAPI's own would name whatever host the request named.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    _add_leaving(app, house)
    _add_choosing(app, house)
    _add_looking(app, house)
    add_archive(app, house)
    _add_faults(app)
    return app


def _add_leaving(app: FastAPI, house: House) -> None:
    leaving = Together(lambda public_ids: house.store.linked.leave(public_ids, actor=READER, now=house.now()))

    @app.api_route("/u/{token}", methods=_LOOK)
    def ask(token: str) -> Response:
        visit = visit_of(house, Purpose.UNSUBSCRIBE, token)
        return _left(visit) if _is_out(visit) else HTMLResponse(page("leave", **visit.values()))

    @app.post("/u/{token}")
    async def go(token: str, request: Request) -> Response:
        """With one click (RFC 8058), from a mail program; or with a button, from our own page."""
        form = await _form(request)
        if "List-Unsubscribe" not in form:
            return await run_in_threadpool(_go, house, token, form)
        # Also for somebody who was forgotten: the link is one of ours, and nobody is mailed by it any more.
        await leaving.ask(subscription_of(house, Purpose.UNSUBSCRIBE, token))
        return PlainTextResponse("unsubscribed\n", headers=_FROM_ANYWHERE)

    @app.post("/u/{token}/back")
    async def back(token: str, request: Request) -> Response:
        form = await _form(request)
        return await run_in_threadpool(_back, house, token, form)


def _go(house: House, token: str, form: _Form) -> Response:
    visit = visit_of(house, Purpose.UNSUBSCRIBE, token)
    everywhere = form.get("from") == ["all"]
    leave(house.store, visit.reader, everywhere=everywhere, now=house.now())
    return _left(visit, everywhere=everywhere)


def _back(house: House, token: str, form: _Form) -> Response:
    visit = visit_of(house, Purpose.UNSUBSCRIBE, token)
    try:
        come_back(house.store, visit.reader, everywhere=form.get("from") == ["all"], now=house.now())
    except RefusedError:
        return HTMLResponse(page("said", **visit.values(), up="../../", head="back_not", words="back_not_why"), 409)
    return HTMLResponse(page("said", **visit.values(), up="../../", head="back", words="back_this"))


def _left(visit: Visit, *, everywhere: bool = False) -> Response:
    return HTMLResponse(page("left", **visit.values(), everywhere=everywhere))


def _is_out(visit: Visit) -> bool:
    return visit.reader.status is SubscriptionStatus.UNSUBSCRIBED


def _add_choosing(app: FastAPI, house: House) -> None:
    @app.api_route("/p/{token}", methods=_LOOK)
    def ask(token: str) -> Response:
        return _preferences(visit_of(house, Purpose.PREFERENCES, token))

    @app.post("/p/{token}")
    async def save(token: str, request: Request) -> Response:
        form = await _form(request)
        return await run_in_threadpool(_save, house, token, form)


def _save(house: House, token: str, form: _Form) -> Response:
    visit = visit_of(house, Purpose.PREFERENCES, token)
    chosen = None if form.get("which") == ["all"] else form.get("subject", [])
    choose(house.store, visit.reader, chosen, vocabulary=house.vocabulary, now=house.now())
    return _preferences(visit_of(house, Purpose.PREFERENCES, token), is_saved=True)


def _preferences(visit: Visit, *, is_saved: bool = False) -> Response:
    groups = subjects_of(visit.house.vocabulary, visit.language, visit.reader.interests)
    has_some = bool(visit.reader.interests)
    values: dict[str, Any] = {"groups": groups, "has_some": has_some, "is_saved": is_saved, "is_out": _is_out(visit)}
    return HTMLResponse(page("choose", **visit.values(), **values))


def _add_looking(app: FastAPI, house: House) -> None:
    @app.api_route("/v/{token}", methods=_LOOK)
    def view(token: str) -> Response:
        visit = visit_of(house, Purpose.VIEW, token)
        return HTMLResponse(mail_of(visit), headers={"Content-Security-Policy": MAIL_POLICY})

    @app.api_route("/own", methods=_LOOK)
    def own(request: Request) -> Response:
        return HTMLResponse(notice("own", request.url.path))

    @app.api_route("/health", methods=_LOOK)
    def health() -> Response:
        """Alive, and for which store, without saying its id."""
        return JSONResponse({"status": "ok", "store": fingerprint(house.store.id)})

    @app.api_route("/ready", methods=_LOOK)
    def ready() -> Response:
        house.store.readers.newsletters()
        return JSONResponse({"status": "ok"})

    @app.api_route("/face/{name}", methods=_LOOK)
    def file(name: str) -> Response:
        if name not in _FILES:
            raise StrangeLinkError
        path, kind = FOLDER / name, _FILES[name]
        text = styled(path) if kind == "text/css" else path.read_text(encoding="utf-8")
        return Response(text, media_type=kind, headers={"Cache-Control": "max-age=3600"})


def _add_faults(app: FastAPI) -> None:
    def saying(key: str, status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def say(request: Request, _: Exception) -> Response:
            return HTMLResponse(notice(key, request.url.path), status_code=status)

        return say

    for error, key, status in ((StrangeLinkError, "strange", 404), (StoreError, "busy", 503), (404, "strange", 404)):
        app.add_exception_handler(error, saying(key, status))
    app.add_exception_handler(Exception, saying("busy", 500))


async def _form(request: Request) -> _Form:
    """Its fields, in either of the forms that RFC 8058 names; whatever else is posted has none."""
    form = await request.form(max_files=0, max_fields=2_000)
    return {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form}
