"""
A mail program's one click (RFC 8058), answered before any framework has looked at it.

Mail programs of a large mailing's readers may click within minutes. What is not exactly such a click goes on to the
routes, which know every form of it.
"""

from typing import Any

from newsletter.errors import StoreError
from newsletter.roster.own import READER
from newsletter.tokens import Purpose
from newsletter.web.face.figures import Figures
from newsletter.web.face.together import Together
from newsletter.web.face.visits import House, StrangeLinkError, subscription_of

_PATH, _TOKEN = f"/{Purpose.UNSUBSCRIBE}/", 48
_BODY, _KIND = b"List-Unsubscribe=One-Click", b"application/x-www-form-urlencoded"
DONE = b"unsubscribed\n"
#: some mail programs post from a browser, from their own origin
FROM_ANYWHERE = {"Access-Control-Allow-Origin": "*"}
#: mail programs try again
_NOT_NOW = b"not now; try again later\n"


class Leaving:
    """Lets readers go by their links, as many at once as ask at once."""

    def __init__(self, house: House, figures: Figures) -> None:
        self._house, self._figures = house, figures
        self._together: Together[bytes, None] = Together(self._let_go)

    def _let_go(self, public_ids: Any) -> list[None]:
        self._house.store.linked.leave(set(public_ids), actor=READER, now=self._house.now())
        return [None] * len(public_ids)

    async def click(self, token: str) -> None:
        """
        Also for somebody who was forgotten: the link is one of ours, and nobody is mailed by it any more.

        :raises StrangeLinkError: it is none of ours
        """
        await self._together.ask(subscription_of(self._house, Purpose.UNSUBSCRIBE, token))
        self._figures.unsubscribed.labels("one-click").inc()


class OneClick:
    def __init__(self, app: Any, leaving: Leaving) -> None:
        self._app, self._leaving = app, leaving

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if scope["method"] != "POST" or not path.startswith(_PATH) or len(path) != len(_PATH) + _TOKEN:
            await self._app(scope, receive, send)
            return
        message = await receive()
        if _is_click(scope, message):
            try:
                await self._leaving.click(path[len(_PATH) :])
            except StrangeLinkError:
                pass
            except StoreError:
                await _answer(scope, send, 503, _NOT_NOW)
                return
            else:
                await _answer(scope, send, 200, DONE)
                return
        await self._app(scope, _again(message, receive), send)


class _Route:
    path = f"{_PATH}{{token}}"


async def _answer(scope: Any, send: Any, status: int, said: bytes) -> None:
    scope["route"] = _Route
    head = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(said)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in FROM_ANYWHERE.items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": said})


def _is_click(scope: Any, message: Any) -> bool:
    # The guard has read the body, so that it comes in one message.
    if message.get("body", b"").strip() != _BODY:
        return False
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return bool(kind.partition(b";")[0].strip().lower() == _KIND)


def _again(message: Any, receive: Any) -> Any:
    waiting = [message]

    async def inner() -> Any:
        return waiting.pop() if waiting else await receive()

    return inner
