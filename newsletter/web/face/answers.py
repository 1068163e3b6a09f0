"""What all routes share: the fields of a form, a page as an answer, and what their documents say of them."""

from collections.abc import Collection, Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

Form = Mapping[str, list[str]]
LOOK = ["GET", "HEAD"]
#: of a form of ours, with every tag of a large vocabulary ticked
_MOST_FIELDS = 2_000
_MEANINGS = {
    200: "Done",
    304: "What you have is the newest",
    308: "It has another address",
    400: "The request cannot be read",
    401: "Not signed by whoever should have",
    403: "Signed too long ago, or in the future",
    404: "The link is none of ours, or leads to nobody any more",
    405: "Not by this method",
    409: "Not at present",
    410: "The link was used, or is too old",
    413: "The request is too large, or came too slowly",
    422: "Some fields cannot be taken as they are",
    429: "Too often",
    500: "Something went wrong; nothing was changed",
    503: "The database is busy",
}
_PAGE = {"text/html": {"schema": {"type": "string"}}}
PLAIN = {"text/plain": {"schema": {"type": "string"}}}
#: whatever is asked of whichever page
_ALWAYS = (400, 405, 413, 500, 503)


async def form_of(request: Request) -> Form:
    """In either of the forms that RFC 8058 names; whatever else is posted has none."""
    form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    return {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form}


def first(form: Form, name: str) -> str:
    return next(iter(form.get(name, ())), "")


def shown(page: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(page, status)


def says(
    *statuses: int,
    content: Mapping[str, Any] = _PAGE,
    own: Mapping[str, Any] | None = None,
    plain: Collection[int] = (),
) -> dict[str, Any]:
    """
    The statuses that a route answers with, for its document.

    :param content: of the answer to a request that went well
    :param own: the schema of a form's fields
    :param plain: statuses that are told in words for a program
    """
    found: dict[int | str, Any] = {}
    for status in sorted({200, *statuses, *plain, *_ALWAYS}):
        # Too large: said before any page is made.
        kinds = content if status == 200 else _PAGE | (PLAIN if status in (*plain, 413) else {})
        found[status] = {"description": _MEANINGS[status]} | ({} if 300 <= status < 400 else {"content": dict(kinds)})
    told: dict[str, Any] = {"responses": found, "response_class": HTMLResponse}
    if own is not None:
        schema = {"type": "object", "properties": dict(own)}
        kinds = {kind: {"schema": schema} for kind in ("application/x-www-form-urlencoded", "multipart/form-data")}
        told["openapi_extra"] = {"requestBody": {"content": kinds}}
    return told


def words(*names: str, **lists: Any) -> dict[str, Any]:
    """Fields that hold a text; those in `lists` hold several."""
    text = {"type": "string"}
    return dict.fromkeys(names, text) | {name: {"type": "array", "items": text} for name in lists}
