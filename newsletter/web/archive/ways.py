"""How the links of one page lead to the others: served under an address, or as files in any folder."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    #: the first page of the list
    home: str
    #: an issue, by `{name}`
    issue: str
    #: a page of the list, by `{number}`
    page: str
    feed: str
    #: what the personal links of a mail lead to
    own: str

    def to_issue(self, name: str) -> str:
        return self.issue.format(name=name)

    def to_page(self, number: int) -> str:
        return self.home if number == 1 else self.page.format(number=number)


def served_ways(here: str, *, up: str, is_inside: bool) -> Ways:
    """
    :param here: the last part of the list's own address; no page knows more of it, for the pages may be a folder of
        somebody else's site
    :param up: the way to where the pages begin
    :param is_inside: from an issue or the feed; else from the list
    """
    home, inside = (f"../{here}", "") if is_inside else (here, f"{here}/")
    return Ways(
        home=home, issue=f"{inside}{{name}}", page=f"{home}?page={{number}}", feed=f"{inside}feed.xml", own=f"{up}own"
    )


def absolute_ways(home: str, base_url: str) -> Ways:
    """For the feed, whose links a reader takes elsewhere."""
    own = f"{base_url.rstrip('/')}/own"
    return Ways(home=home, issue=f"{home}/{{name}}", page=f"{home}?page={{number}}", feed=f"{home}/feed.xml", own=own)


def written_ways(*, is_inside: bool) -> Ways:
    """From a file to the others; `is_inside` from that of an issue, which has a folder of its own."""
    up = "../" if is_inside else ""
    return Ways(
        home=f"{up}index.html",
        issue=f"{up}{{name}}/index.html",
        page=f"{up}page-{{number}}.html",
        feed=f"{up}feed.xml",
        own=f"{up}own.html",
    )
