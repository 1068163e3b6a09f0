"""Figures for Prometheus: how often and how long, by the form of a path; never a token, an address or a name."""

import hmac
import time
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from newsletter.web.face.origin import is_this_machine

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: seconds
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_REFUSED = 400


class Figures:
    def __init__(self) -> None:
        #: of our own, so that several apps in one process do not count together
        self.registry = CollectorRegistry()
        self.unsubscribed = self._counter("newsletter_unsubscribes", "Requests to leave, by way", "way")
        self.signed_up = self._counter("newsletter_sign_ups", "Sign-up forms, by what became of them", "outcome")
        self.mailed = self._counter("newsletter_sign_up_mails", "Mails that answer sign-ups, by outcome", "outcome")
        self.confirmed = self._counter(
            "newsletter_confirmations", "Links of such mails followed, by outcome", "outcome"
        )
        self.events = self._counter("newsletter_events_stored", "Events that providers told of and that were new")
        self.refused = self._counter("newsletter_refusals", "Requests refused, by status", "status")
        self.took = Histogram(
            "newsletter_request_seconds",
            "From the whole request to the whole answer",
            ("route", "method"),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self.registry)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class Measured:
    """Around the app: how long each request took, and which were refused."""

    def __init__(self, app: Any, figures: Figures) -> None:
        self._app, self._figures = app, figures

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        begun, status = time.perf_counter(), 500

        async def noting(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            took = time.perf_counter() - begun
            self._figures.took.labels(_route(scope), _method(scope)).observe(took)
            if status >= _REFUSED:
                self._figures.refused.labels(str(status)).inc()


def _route(scope: Mapping[str, Any]) -> str:
    """The form of the path, as `/u/{token}`; paths that we do not have are all alike."""
    return str(getattr(scope.get("route"), "path", "other"))


def _method(scope: Mapping[str, Any]) -> str:
    """Whatever somebody makes up is one of a few words."""
    return str(scope["method"]) if scope["method"] in {"GET", "HEAD", "POST"} else "other"


def may_see(scope: Mapping[str, Any], token: str) -> bool:
    """With the token, when there is one; else from this machine alone."""
    if not token:
        return is_this_machine(scope)
    said = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    return hmac.compare_digest(said, f"Bearer {token}".encode())
