"""Pages that only show something, and whether all of this is alive."""

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from newsletter.health import fingerprint
from newsletter.tokens import Purpose
from newsletter.web.face.answers import LOOK, says, shown
from newsletter.web.face.figures import CONTENT_TYPE, may_see
from newsletter.web.face.pages import FOLDER, notice
from newsletter.web.face.viewing import MAIL_POLICY, mail_of
from newsletter.web.face.visits import House, StrangeLinkError, visit_of
from newsletter.web.palette import styled

_FILES = {"face.css": "text/css", "choose.js": "text/javascript"}
_TEXT = {"schema": {"type": "string"}}
_JSON = {"application/json": {"schema": {"type": "object"}}}


def add_looking(app: FastAPI, house: House) -> None:
    @app.api_route("/v/{token}", methods=LOOK, **says(404))
    def view(token: str) -> Response:
        visit = visit_of(house, Purpose.VIEW, token)
        return HTMLResponse(mail_of(visit), headers={"Content-Security-Policy": MAIL_POLICY})

    @app.api_route("/own", methods=LOOK, **says())
    def own(request: Request) -> Response:
        return shown(notice("own", request.url.path))

    @app.api_route("/face/{name}", methods=LOOK, **says(404, content=dict.fromkeys(_FILES.values(), _TEXT)))
    def file(name: str) -> Response:
        if name not in _FILES:
            raise StrangeLinkError
        path, kind = FOLDER / name, _FILES[name]
        text = styled(path) if kind == "text/css" else path.read_text(encoding="utf-8")
        return Response(text, media_type=kind, headers={"Cache-Control": "max-age=3600"})


def add_signs_of_life(app: FastAPI, house: House) -> None:
    @app.api_route("/health", methods=LOOK, **says(content=_JSON))
    def health() -> Response:
        """Alive, and for which store, without saying its id."""
        return JSONResponse({"status": "ok", "store": fingerprint(house.store.id)})

    @app.api_route("/ready", methods=LOOK, **says(content=_JSON))
    def ready() -> Response:
        house.store.readers.newsletters()
        return JSONResponse({"status": "ok"})

    @app.api_route("/metrics", methods=LOOK, **says(404, content={"text/plain": _TEXT}))
    def metrics(request: Request) -> Response:
        """For whoever may not see them, there are none."""
        if not may_see(request.scope, house.metrics_token):
            raise StrangeLinkError
        return Response(house.figures.text(), headers={"Content-Type": CONTENT_TYPE})
