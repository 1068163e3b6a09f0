"""The routes of the archive: `/a/NEWSLETTER` when it is public, `/a/NEWSLETTER/KEY` when it is shared."""

import hashlib
from dataclasses import dataclass
from functools import cache

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from newsletter.masthead import Archiving
from newsletter.tokens import opens_archive
from newsletter.web.archive.feed import KIND, feed_of
from newsletter.web.archive.pages import issue_page, list_page, page_policy
from newsletter.web.archive.shelf import Shelf
from newsletter.web.archive.ways import Ways, absolute_ways, served_ways
from newsletter.web.face.answers import LOOK, says
from newsletter.web.face.viewing import MAIL_POLICY
from newsletter.web.face.visits import House, StrangeLinkError

_HTML = "text/html; charset=utf-8"
_KINDS = {kind: {"schema": {"type": "string"}} for kind in ("text/html", KIND)}
#: a correction shows within so many seconds
_FRESH = 300
_NO_FRAMES = "; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class _Place:
    """What an address leads to."""

    shelf: Shelf
    #: parts of the address of the list, from the newsletter's name on
    home: tuple[str, ...]
    #: what comes after it; nothing for the list itself
    rest: tuple[str, ...]
    base_url: str

    def ways(self) -> Ways:
        is_inside = bool(self.rest)
        return served_ways(self.home[-1], up="../" * (len(self.home) + len(self.rest)), is_inside=is_inside)

    def feed_ways(self) -> Ways:
        if not self.base_url:
            return self.ways()
        return absolute_ways(f"{self.base_url.rstrip('/')}/a/{'/'.join(self.home)}", self.base_url)


def add_archive(app: FastAPI, house: House) -> None:
    @cache
    def shelf_of(newsletter: str) -> Shelf:
        return Shelf(house.store, house.mastheads[newsletter])

    @app.api_route("/a/{path:path}", methods=LOOK, **says(304, 308, 404, content=_KINDS))
    def archive(path: str, request: Request) -> Response:
        parts = tuple(path.split("/"))
        masthead = house.mastheads.get(parts[0])
        if masthead is None or masthead.archive is Archiving.OFF:
            raise StrangeLinkError
        # The link that was shared stays good when the archive becomes public.
        has_key = len(parts) > 1 and opens_archive(house.keys, parts[0], parts[1])
        if masthead.archive is Archiving.SHARED and not has_key:
            raise StrangeLinkError
        length = 2 if has_key else 1
        place = _Place(shelf_of(parts[0]), parts[:length], parts[length:], house.base_url)
        if place.rest == ("",):
            return RedirectResponse(f"../{place.home[-1]}", 308)
        return _answered(place, request)


def _answered(place: _Place, request: Request) -> Response:
    if not place.rest:
        text = list_page(place.shelf, place.ways(), number=_number(request.query_params.get("page", "1")))
        policy, kind, content = page_policy() + _NO_FRAMES, _HTML, text.encode() if text else None
    elif place.rest == ("feed.xml",):
        policy, kind = "default-src 'none'", f"{KIND}; charset=utf-8"
        content = feed_of(place.shelf.masthead, place.shelf.issues(), place.feed_ways())
    else:
        found = place.shelf.find(place.rest[0]) if len(place.rest) == 1 else None
        policy, kind = MAIL_POLICY, _HTML
        content = issue_page(place.shelf, found, place.ways()).encode() if found else None
    if content is None:
        raise StrangeLinkError
    headers = {"Content-Security-Policy": policy} | _caching(place.shelf, content)
    if headers.get("ETag") in _known(request):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


def _caching(shelf: Shelf, content: bytes) -> dict[str, str]:
    """A shared archive is nobody's to keep, and no search engine's."""
    if shelf.masthead.archive is not Archiving.PUBLIC:
        return {}
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return {"ETag": tag, "Cache-Control": f"public, max-age={_FRESH}", "X-Robots-Tag": ""}


def _known(request: Request) -> set[str]:
    """What the browser holds; by RFC 9110 it may call one of ours weak."""
    return {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
