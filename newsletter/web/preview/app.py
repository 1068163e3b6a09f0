"""The preview's routes: a page, what it shows, and one thing that it can do."""

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict

from newsletter import foresight, wiring
from newsletter.errors import Finding, NewsletterError, RefusedError
from newsletter.mailing.prepare import Prepared
from newsletter.mailing.rehearsal import send_test
from newsletter.web.frames import drawn
from newsletter.web.palette import styled
from newsletter.web.preview import answers
from newsletter.web.preview.copies import Whose, headers_of
from newsletter.web.preview.desk import Desk
from newsletter.web.preview.feed import Feed
from newsletter.web.preview.guard import mail_policy
from newsletter.web.preview.sources import read_source

_PAGE = Path(__file__).parent / "page"
_KINDS = {".css": "text/css", ".js": "text/javascript"}


def _whose(reader: str | None = None, interests: str | None = None, stories: str | None = None) -> Whose:
    return Whose(reader or None, interests or None, stories)


AnyCopy = Annotated[Whose, Depends(_whose)]


class RehearsalOrder(BaseModel):
    """One address, typed by a person, and the copy that they look at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str
    revision: int
    reader: str | None = None
    interests: str | None = None
    stories: str | None = None


def create_app(desk: Desk, feed: Feed, *, segment: str | None) -> FastAPI:
    """
    :param segment: whose editions the page begins with
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _add_page(app)
    _add_looks(app, desk)
    _add_choices(app, desk)
    _add_sending(app, desk)

    @app.get("/state")
    def state(whose: AnyCopy) -> dict[str, Any]:
        return answers.standing_told(desk, whose) | {"segment": segment}

    @app.get("/events")
    async def events() -> Response:
        return StreamingResponse(feed.listen(desk.standing.told()), media_type="text/event-stream")

    @app.exception_handler(NewsletterError)
    async def say(_: Request, error: NewsletterError) -> JSONResponse:
        return JSONResponse({"findings": answers.findings_told(error.findings)}, status_code=422)

    @app.exception_handler(Exception)
    async def own_up(_: Request, error: Exception) -> JSONResponse:
        found = Finding(message=f"something unexpected happened ({type(error).__name__})", fix="reload the page")
        return JSONResponse({"findings": answers.findings_told([found])}, status_code=500)

    return app


def _add_page(app: FastAPI) -> None:
    files = {path.name: path for path in _PAGE.iterdir() if path.suffix in _KINDS}

    @app.get("/")
    def page() -> Response:
        return FileResponse(_PAGE / "index.html", media_type="text/html")

    @app.get("/page/{name}")
    def file(name: str) -> Response:
        if name not in files:
            return Response(status_code=404)
        kind = _KINDS[files[name].suffix]
        return Response(styled(files[name]), media_type=kind) if kind == "text/css" else FileResponse(files[name])


def _add_looks(app: FastAPI, desk: Desk) -> None:
    @app.get("/mail")
    def mail(whose: AnyCopy, scheme: Literal["light", "dark"] = "light", images: bool = True) -> Response:
        copy, _ = desk.copies.get(_insist(desk), whose)
        html = drawn(copy.html, is_dark=scheme == "dark")
        policy = {"Content-Security-Policy": mail_policy(images=images)}
        return Response(html, media_type="text/html; charset=utf-8", headers=policy)

    @app.get("/part/{name}")
    def part(name: Literal["text", "html", "raw"], whose: AnyCopy) -> Response:
        copy, _ = desk.copies.get(_insist(desk), whose)
        shown = {"text": copy.text, "html": copy.html, "raw": copy.message.decode("utf-8", "replace")}
        return PlainTextResponse(shown[name])

    @app.get("/headers")
    def headers(whose: AnyCopy) -> list[tuple[str, str]]:
        return headers_of(desk.copies.get(_insist(desk), whose)[0].message)

    @app.get("/message.eml")
    def message(whose: AnyCopy) -> Response:
        prepared = _insist(desk)
        name = f'attachment; filename="{prepared.issue.slug}.eml"'
        content = desk.copies.get(prepared, whose)[0].message
        return Response(content, media_type="message/rfc822", headers={"Content-Disposition": name})

    @app.get("/source")
    def source(path: str) -> dict[str, Any]:
        return {"path": path, "lines": read_source(path, desk.issue, desk.templates)}


def _add_choices(app: FastAPI, desk: Desk) -> None:
    @app.get("/tags")
    def tags() -> list[dict[str, Any]]:
        prepared = _insist(desk)
        return answers.tags_told(prepared.vocabulary, prepared.masthead.language)

    @app.get("/readers")
    def readers(like: str = "") -> list[dict[str, Any]]:
        foresight.insist_store()
        return answers.readers_told(foresight.readers_like(_insist(desk).issue.newsletter, like.strip()[:200]))

    @app.get("/editions")
    def editions(segment: str) -> dict[str, Any]:
        foresight.insist_store()
        prepared = _insist(desk)
        return answers.editions_told(prepared, foresight.foreseen(prepared, segment[:2_000]))


def _add_sending(app: FastAPI, desk: Desk) -> None:
    @app.post("/test-send")
    def test_send(order: RehearsalOrder) -> dict[str, Any]:
        standing = desk.standing
        prepared = _insist(desk)
        if standing.errors:
            raise RefusedError(*standing.errors)
        if standing.revision != order.revision:
            raise RefusedError("the issue has changed since you looked", fix="look again, then send")
        copy, rehearsed = desk.copies.get(prepared, Whose(order.reader, order.interests, order.stories))
        receipts = send_test(
            prepared.compiled,
            copy.edition,
            rehearsed,
            addresses=[order.to.strip()],
            transport=foresight.transport_for_test(prepared),
            base_url=wiring.example_base_url(),
        )
        [(address, receipt)] = receipts
        sent = {"to": address, "outcome": str(receipt.outcome), "detail": receipt.detail}
        return sent | {"destination": foresight.destination_of_test()}


def _insist(desk: Desk) -> Prepared:
    prepared = desk.standing.prepared
    if prepared is None:
        raise RefusedError(*desk.standing.errors, Finding(message="there is nothing to show yet"))
    return prepared
