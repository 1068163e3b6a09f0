"""What was filled into the sign-up form, checked: a value that is fit to be kept, or what is wrong with it."""

from collections.abc import Collection
from dataclasses import dataclass

from pydantic import ValidationError

from newsletter.errors import RefusedError
from newsletter.joining.wording import LANGUAGES, consent_wording
from newsletter.roster.addresses import mail_address
from newsletter.roster.own import checked_name
from newsletter.signup import SignUp
from newsletter.tags import Vocabulary

#: RFC 5321 section 4.5.3.1.3, without the angle brackets
_LONGEST_ADDRESS = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The fields as they came."""

    address: str = ""
    name: str = ""
    language: str = ""
    subjects: Collection[str] = ()
    agreed: bool = False


class UnfitError(Exception):
    """`fields` are those that cannot be taken as they are."""

    def __init__(self, *fields: str) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


def signup_of(filled: Filled, newsletter: str, *, vocabulary: Vocabulary, network: str) -> SignUp:
    """
    :raises UnfitError: with every field that is wrong
    """
    wrong: list[str] = []
    address = _address(filled.address, wrong)
    try:
        name = checked_name(filled.name)
    except RefusedError:
        name = ""
        wrong.append("name")
    if not filled.agreed:
        wrong.append("agreed")
    if wrong:
        raise UnfitError(*wrong)
    language = filled.language if filled.language in LANGUAGES else LANGUAGES[0]
    return SignUp(
        newsletter=newsletter,
        address=address,
        name=name,
        language=language,
        interests=offered_tags(vocabulary) & frozenset(filled.subjects),
        wording=consent_wording(language),
        network=network,
    )


def _address(written: str, wrong: list[str]) -> str:
    try:
        if len(written.strip()) <= _LONGEST_ADDRESS:
            return mail_address(written.strip())
    except ValidationError:
        pass
    wrong.append("address")
    return ""


def offered_tags(vocabulary: Vocabulary) -> frozenset[str]:
    return frozenset(slug for slug, tag in vocabulary.tags.items() if tag.offered and not tag.replaced_by)
