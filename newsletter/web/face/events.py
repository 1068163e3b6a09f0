"""The door for what SendGrid reports. Whoever cannot sign as SendGrid does changes nothing, and is told so."""

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from newsletter.errors import InputError
from newsletter.ingest import take_in
from newsletter.providers.sendgrid.events import read_events
from newsletter.providers.sendgrid.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, is_timely
from newsletter.web.face.answers import PLAIN, says
from newsletter.web.face.visits import EventDoor, House, StrangeLinkError


def add_events(app: FastAPI, house: House) -> None:
    @app.post("/events/sendgrid", **says(404, content=PLAIN, plain=(400, 401, 403)))
    async def take(request: Request) -> Response:
        if house.events is None:
            raise StrangeLinkError
        body = await request.body()
        signature, timestamp = (request.headers.get(name, "") for name in (SIGNATURE_HEADER, TIMESTAMP_HEADER))
        return await run_in_threadpool(_take, house, house.events, body, signature, timestamp)


def _take(house: House, door: EventDoor, body: bytes, signature: str, timestamp: str) -> Response:
    """Answers once everything is stored; SendGrid repeats what was not answered with a 2xx."""
    if not door.key.signed(body, signature=signature, timestamp=timestamp):
        return PlainTextResponse("not signed by SendGrid\n", 401)
    if not is_timely(timestamp, house.now()):
        return PlainTextResponse("signed too long ago, or in the future\n", 403)
    if not body.startswith(b"["):
        return PlainTextResponse("not a list of events\n", 400)
    try:
        reported = read_events(body).found
    except InputError:
        return PlainTextResponse("not a list of events\n", 400)
    with door.turn:
        taken = take_in(house.store, reported, keys=house.keys, now=house.now())
    if taken.kept:
        house.figures.events.inc(taken.kept)
        door.stored()
    return PlainTextResponse("stored\n")
