"""In front of the pages: headers that keep a link's token from leaking, and a bound on what is read."""

import asyncio
from typing import Any

#: seconds in which a request's body must be here
_PATIENCE = 20
#: bytes of a request's body; a form of ours has some hundred
MOST = 64 << 10
#: likewise of what a provider reports, by path
MOST_AT = {"/events/sendgrid": 2 << 20}
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}


class Guard:
    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                body = await _body(receive, MOST_AT.get(scope["path"], MOST))
        except TimeoutError:
            body = None
        if body is None:
            await _refuse(_guarded(send))
            return
        await self._app(scope, _given(body, receive), _guarded(send))


async def _body(receive: Any, most: int) -> bytes | None:
    """All of it; None when there is too much, or when nobody is there any more."""
    parts, length = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > most:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


def _given(body: bytes, receive: Any) -> Any:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def inner() -> Any:
        return waiting.pop() if waiting else await receive()

    return inner


async def _refuse(send: Any) -> None:
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": head})
    await send({"type": "http.response.body", "body": b"That is too much."})


def _guarded(send: Any) -> Any:
    async def inner(message: Any) -> None:
        if message["type"] == "http.response.start":
            said = list(message["headers"])
            names = {name.lower() for name, _ in said}
            said += [(n.lower().encode(), v.encode()) for n, v in _HEADERS.items() if n.lower().encode() not in names]
            # A page that is to do without one of them says it empty.
            message = message | {"headers": [(name, value) for name, value in said if value]}
        await send(message)

    return inner
