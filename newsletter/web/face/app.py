"""The routes. A GET changes nothing, whoever fetches it; a POST has taken effect before it is answered."""

import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import Response
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.routing import Match, Route

from newsletter.errors import StoreError
from newsletter.web.face.answers import shown
from newsletter.web.face.archive import add_archive
from newsletter.web.face.choosing import add_choosing
from newsletter.web.face.events import add_events
from newsletter.web.face.figures import Measured
from newsletter.web.face.guard import Guard
from newsletter.web.face.joining import add_joining
from newsletter.web.face.leaving import add_leaving
from newsletter.web.face.looking import add_looking, add_signs_of_life
from newsletter.web.face.oneclick import Leaving, OneClick
from newsletter.web.face.owning import add_owning
from newsletter.web.face.pages import notice
from newsletter.web.face.visits import House, StrangeLinkError

_NOT_ALLOWED = 405


def create_app(house: House, leaving: Leaving | None = None) -> FastAPI:
    """The routes alone; `guarded` puts in front of them what they rely on."""
    # A redirect to the path without its last slash would name the host that the request named.
    app = FastAPI(
        title="newsletter: pages for readers",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    add_leaving(app, house, leaving or Leaving(house, house.figures))
    add_choosing(app, house)
    add_owning(app, house)
    add_joining(app, house)
    add_events(app, house)
    add_looking(app, house)
    add_signs_of_life(app, house)
    add_archive(app, house)
    _add_faults(app)
    return app


def guarded(house: House) -> Guard:
    leaving = Leaving(house, house.figures)
    return Guard(Measured(OneClick(create_app(house, leaving), leaving), house.figures))


def document(app: FastAPI) -> dict[str, Any]:
    """What the routes promise, as OpenAPI: for tests, and for whoever wants to know. It is not served."""
    with warnings.catch_warnings(action="ignore"):
        # The framework gives GET and HEAD of a route one name.
        told = app.openapi()
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = f"{method} {path}"
            said = operation["responses"]
            # What the framework makes up: a token is any text to it.
            if "application/json" in said.get("422", {}).get("content", {}):
                del said["422"]
    return told


def _add_faults(app: FastAPI) -> None:
    def saying(key: str, status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def say(request: Request, _: Exception) -> Response:
            return shown(notice(key, request.url.path), status)

        return say

    async def refuse(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, AnyHTTPException) else 400
        key = {404: "strange", _NOT_ALLOWED: "not_so"}.get(status, "unread")
        answer = shown(notice(key, request.url.path), status)
        if status == _NOT_ALLOWED:
            answer.headers["Allow"] = ", ".join(_allowed(app, request))
        return answer

    app.add_exception_handler(StrangeLinkError, saying("strange", 404))
    app.add_exception_handler(StoreError, saying("busy", 503))
    for kind in (AnyHTTPException, HTTPException):
        app.add_exception_handler(kind, refuse)
    app.add_exception_handler(Exception, saying("busy", 500))


def _allowed(app: FastAPI, request: Request) -> list[str]:
    """Of all routes of a path, where the framework names only those of the first (RFC 9110 section 15.5.6)."""
    found: set[str] = set()
    for route in app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found)
