"""A mail in the browser: the edition that the reader got, without anything that is theirs alone."""

from newsletter.edition import Field, Links, Part, cut_edition
from newsletter.mailing.building import fill_part
from newsletter.web.face.visits import StrangeLinkError, Visit

#: a mail is drawn and does nothing; its links may be followed
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; "
    "default-src 'none'; img-src https: data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def mail_of(visit: Visit) -> str:
    """
    No name and no personal link is in it: whoever gets this address from the reader could use them.

    :raises StrangeLinkError: the reader was not to get that mailing
    """
    stories = visit.house.store.linked.stories(visit.mailing_id, visit.reader.subscription_id)
    if stories is None:
        raise StrangeLinkError
    compiled = visit.house.store.mailings.compiled(visit.mailing_id)
    own = f"{visit.house.base_url.rstrip('/')}/own"
    values: dict[str, str] = {Field.GREETING: compiled.greeting_without_name, Field.SINCE: ""}
    values[Field.UNSUBSCRIBE_MAILTO] = f"mailto:{compiled.letterhead.unsubscribe_address}"
    if compiled.letterhead.links is Links.WEB:
        values |= dict.fromkeys((Field.UNSUBSCRIBE_URL, Field.PREFERENCES_URL, Field.VIEW_URL), own)
    return fill_part(cut_edition(compiled, stories), Part.HTML, values)
