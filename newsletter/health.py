"""Does the web face under BASE_URL answer, and for this very store? Links to another one could not be honoured."""

import hashlib
import http.client
import json
import time
import urllib.request
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from newsletter.errors import Finding

_LARGEST_ANSWER = 64 * 1024
_RULE = "base-url"
_SERVE = "run newsletter serve there with this database"


def fingerprint(store_id: str) -> str:
    """By which a web face names its store without giving the id away."""
    return hashlib.sha256(f"newsletter health:{store_id}".encode()).hexdigest()[:32]


def answers_for(base_url: str, store_id: str, *, timeout: float = 5) -> Finding | None:
    """What is wrong with the pages under BASE_URL; None when they answer for this store."""
    if urlsplit(base_url).scheme not in {"http", "https"}:
        return _finding("is not a web address", "write it as https://news.example.com")
    try:
        answer = _fetch(f"{base_url.rstrip('/')}/health", timeout)
    except HTTPError as error:
        error.close()
        return _finding(*_no_page(error))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _finding(f"does not answer ({_reason(error)})", _SERVE)
    if answer.get("store") != fingerprint(store_id):
        return _finding("answers, but not for this database", _SERVE)
    return None


def _finding(message: str, fix: str) -> Finding:
    return Finding(message=f"NEWSLETTER_BASE_URL {message}", fix=fix, rule=_RULE)


def _no_page(error: HTTPError) -> tuple[str, str]:
    if 300 <= error.code < 400:
        # Not followed: a one-click unsubscribe address must not redirect either (RFC 8058 section 3.1).
        return f"leads elsewhere ({error.code})", "set it to the address where the pages are"
    return f"/health answers {error.code}", _SERVE


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _fetch(url: str, timeout: float) -> dict[str, Any]:
    """The JSON object at the address; empty when there is something else."""
    opener = urllib.request.build_opener(_NoRedirects)
    ends_at = time.monotonic() + timeout
    content = b""
    with opener.open(url, timeout=timeout) as response:
        while len(content) <= _LARGEST_ANSWER and (more := response.read1(_LARGEST_ANSWER)):
            content += more
            if time.monotonic() > ends_at:
                raise TimeoutError("timed out")
    try:
        found = json.loads(content) if len(content) <= _LARGEST_ANSWER else {}
    except (ValueError, RecursionError):
        found = {}
    return found if isinstance(found, dict) else {}


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    return " ".join(str(getattr(reason, "strerror", None) or reason).split()) or type(reason).__name__
