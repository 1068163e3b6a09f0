"""Who may talk to the preview: a browser on this machine that was given the address, and no page of another origin."""

import secrets
from collections.abc import Mapping
from typing import Any

#: names of this machine; any other name in Host is a foreign page that rebound its own name to us
_HOSTS = frozenset({"127.0.0.1", "localhost"})
_METHODS = frozenset({"GET", "HEAD", "POST"})

#: the page itself: its own files and nothing else, and no way to make markup or script from a text
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def mail_policy(*, images: bool) -> str:
    """
    A mail is drawn and does nothing: no script, no form, no window, no frame, and no picture unless asked for.

    It keeps our origin, so that the page around it can keep its scroll position; without scripts it cannot use it.
    """
    pictures = "img-src https: data:; " if images else ""
    return (
        f"sandbox allow-same-origin; default-src 'none'; {pictures}style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'"
    )


class Guard:
    """In front of the app: asks for a local host and the secret in the path, and for our own origin on a change."""

    def __init__(self, app: Any, secret: str) -> None:
        self._app, self._secret = app, secret
        #: opens the page once: what is handed to a browser stands in a list of processes that others can read
        self._ticket: str | None = None

    def page(self, root: str) -> str:
        """The address of the page, for whoever started this."""
        return f"{root}/{self._secret}/"

    def ticket(self) -> str:
        self._ticket = secrets.token_urlsafe(24)
        return self._ticket

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        status = refusal(scope["method"], headers)
        if status:
            await _answer(send, status)
            return
        _, first, *rest = scope["path"].split("/", 2)
        if first == "open" and self._redeemed("".join(rest)):
            await _answer(send, 303, (b"location", f"/{self._secret}/".encode()))
        elif not rest or not secrets.compare_digest(first.encode(), self._secret.encode()):
            await _answer(send, 404)
        else:
            inner = scope | {"path": f"/{rest[0]}", "raw_path": f"/{rest[0]}".encode()}
            await self._app(inner, receive, _guarded(send))

    def _redeemed(self, shown: str) -> bool:
        held, self._ticket = self._ticket, None
        return held is not None and secrets.compare_digest(shown.encode(), held.encode())


def refusal(method: str, headers: Mapping[str, str]) -> int | None:
    """The status of a request that must not be answered; None when it may be."""
    host = headers.get("host", "")
    if host.rpartition(":")[0] not in _HOSTS or not host.rpartition(":")[2].isdecimal():
        return 421
    if method not in _METHODS:
        return 405
    if method == "POST" and not _is_ours(headers, host):
        return 403
    return None


def _is_ours(headers: Mapping[str, str], host: str) -> bool:
    """A browser names the origin of every POST, and asks beforehand when a foreign page posts JSON."""
    return (
        headers.get("origin") == f"http://{host}"
        and headers.get("sec-fetch-site", "same-origin") == "same-origin"
        and headers.get("content-type", "").split(";")[0].strip() == "application/json"
    )


async def _answer(send: Any, status: int, *headers: tuple[bytes, bytes]) -> None:
    whole = [(b"content-type", b"text/plain; charset=utf-8"), *headers]
    body = {421: "Not here.", 403: "Only from the preview's own page.", 404: "Nothing here."}.get(status, "")
    guarded = _guarded(send)
    await guarded({"type": "http.response.start", "status": status, "headers": whole})
    await guarded({"type": "http.response.body", "body": body.encode()})


def _guarded(send: Any) -> Any:
    async def inner(message: Any) -> None:
        if message["type"] == "http.response.start":
            said = list(message["headers"])
            names = {name.lower() for name, _ in said}
            ours = _HEADERS | {"Content-Security-Policy": PAGE_POLICY}
            said += [(n.lower().encode(), v.encode()) for n, v in ours.items() if n.lower().encode() not in names]
            message = message | {"headers": said}
        await send(message)

    return inner
