"""Mails for frames without rights."""

import re

_STYLE = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.DOTALL | re.IGNORECASE)
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width: 0px)", "(max-width: 0px)"
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


def drawn(html: str, *, is_dark: bool) -> str:
    """
    A mail for a frame: in the scheme that was asked for, whatever this browser's own is, with links that open nothing.

    The sandbox allows no new window, so a link that asks for one is dead.
    """
    html = _STYLE.sub(lambda style: _SCHEME.sub(lambda f: _answered(f[1], is_dark), style[0]), html)
    head = _HEAD.search(html)
    at = head.end() if head else 0
    return f'{html[:at]}<base target="_blank">{html[at:]}'


def _answered(asked: str, is_dark: bool) -> str:
    return _ALWAYS if (asked.lower() == "dark") is is_dark else _NEVER
