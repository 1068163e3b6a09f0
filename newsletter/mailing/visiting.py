"""Visit the links of an issue, a few at a time. Only `check --online` does."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from newsletter.checks import links_of
from newsletter.fetching import NoAnswerError, NotVisitedError, visit
from newsletter.reader import Reading

#: more at once looks like an attack to a small host
_AT_ONCE = 6
_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Visited:
    """What came of one link; both None when the page is there."""

    url: str
    dead: str | None = None
    refused: str | None = None


def urls_of(readings: Iterable[Reading]) -> list[str]:
    """Each address once, without the place on its page."""
    return list(dict.fromkeys(link.url for reading in readings for link in links_of(reading)))


def visited(urls: Iterable[str], *, see: Callable[[str], None] | None = None) -> Iterator[Visited]:
    """Each link as soon as it is known what became of it."""
    see = see or (lambda url: visit(url, timeout=_TIMEOUT))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = [pool.submit(_visited, url, see) for url in urls]
        try:
            yield from (future.result() for future in as_completed(waiting))
        finally:
            pool.shutdown(cancel_futures=True)


def _visited(url: str, see: Callable[[str], None]) -> Visited:
    try:
        see(url)
    except NotVisitedError as error:
        return Visited(url, refused=error.reason)
    except NoAnswerError as error:
        return Visited(url, dead=error.reason)
    return Visited(url)
