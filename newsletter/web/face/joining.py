"""The page to sign up, and the one that the mail leads to. What is answered says nothing of who is known."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from newsletter.errors import RefusedError, TokenError
from newsletter.joining.confirming import asked_by, confirm
from newsletter.joining.filling import Filled, UnfitError, signup_of
from newsletter.joining.wording import consent_text
from newsletter.signup import Asked, Confirmation, SignUp
from newsletter.store.limiting import Counted
from newsletter.tokens import Purpose, Token, make_stamp, make_token, read_stamp
from newsletter.web.face.answers import LOOK, Form, first, form_of, says, shown, words
from newsletter.web.face.origin import network_of
from newsletter.web.face.pages import page
from newsletter.web.face.subjects import subjects_of
from newsletter.web.face.together import Together
from newsletter.web.face.visits import House, StrangeLinkError, masthead_speaker, subscription_of
from newsletter.web.face.wording import LANGUAGES

#: whoever fills in a form takes longer; whoever comes back to it after so long gets a new one
_FASTEST, _SLOWEST = timedelta(seconds=2), timedelta(hours=12)
_FIELDS = words("address", "name", "language", "agreed", "website", "stamp", subject=[])
_LANGUAGE = [{"name": "language", "in": "query", "required": False, "schema": {"type": "string"}}]


def add_joining(app: FastAPI, house: House) -> None:
    asking: Together[SignUp, bool] = Together(partial(_ask, house))
    told = says(404, 422, 429, own=_FIELDS)
    told["openapi_extra"] |= {"parameters": _LANGUAGE}

    @app.api_route("/s/{newsletter}", methods=LOOK, **says(404), openapi_extra={"parameters": _LANGUAGE})
    def show(newsletter: str, request: Request) -> Response:
        return _Entrance(house, newsletter, _language(house, newsletter, request)).page(Filled())

    @app.post("/s/{newsletter}", **told)
    async def sign_up(newsletter: str, request: Request) -> Response:
        entrance = _Entrance(house, newsletter, _language(house, newsletter, request))
        form = await form_of(request)
        return await _taken(entrance, form, asking, network_of(request.scope, house.proxies))

    @app.api_route("/c/{token}", methods=LOOK, **says(404, 410))
    def ask(token: str) -> Response:
        return _asked(house, token)

    @app.post("/c/{token}", **says(404, 410))
    async def say_yes(token: str, request: Request) -> Response:
        network = network_of(request.scope, house.proxies)
        return await run_in_threadpool(_confirm, house, token, network)


def _ask(house: House, forms: Sequence[SignUp]) -> list[bool]:
    door = house.door

    def counted(form: SignUp) -> tuple[Counted, ...]:
        return Counted("sign-ups from", form.network, door.per_network), Counted("sign-ups", "", door.in_all)

    return house.store.signups.ask(forms, counted, house.now())


def _language(house: House, newsletter: str, request: Request) -> str:
    """
    :raises StrangeLinkError: nobody can sign up for that
    """
    if newsletter not in house.door.imprints:
        raise StrangeLinkError
    wanted = request.query_params.get("language", house.mastheads[newsletter].language)
    return wanted if wanted in LANGUAGES else next(iter(LANGUAGES))


class _Entrance:
    """The page of one newsletter, in one language."""

    def __init__(self, house: House, newsletter: str, language: str) -> None:
        self.house, self.newsletter, self.language = house, newsletter, language
        self.masthead = house.mastheads[newsletter]
        self.sender = house.door.imprints[newsletter].sender.name

    def page(self, filled: Filled, *, wrong: Sequence[str] = (), status: int = 200) -> Response:
        """
        :param wrong: fields that cannot be taken, or "again" when only the form itself was unfit
        """
        consent = consent_text(self.language, title=self.masthead.title, sender=self.sender)
        values = self._values() | {
            "groups": subjects_of(self.house.vocabulary, self.language, frozenset(filled.subjects)),
            "stamp": make_stamp(self.house.keys, self._form, int(self.house.now().timestamp())),
            "consent": consent,
        }
        return shown(page("join", **values, filled=filled, wrong=wrong, languages=LANGUAGES), status)

    def said(self, head: str, status: int = 200) -> Response:
        return shown(page("said", **self._values(), head=head, words=f"{head}_why"), status)

    def is_in_time(self, stamp: str) -> bool:
        try:
            at = read_stamp(self.house.keys, self._form, stamp)
        except TokenError:
            return False
        age = self.house.now().timestamp() - at
        return _FASTEST.total_seconds() <= age <= _SLOWEST.total_seconds()

    @property
    def _form(self) -> str:
        return f"sign-up {self.newsletter}"

    def _values(self) -> dict[str, Any]:
        say = masthead_speaker(self.house, self.masthead, self.language)
        return {"say": say, "language": self.language, "title": self.masthead.title, "newsletter": self.newsletter}


async def _taken(entrance: _Entrance, form: Form, asking: "Together[SignUp, bool]", network: str) -> Response:
    figures = entrance.house.figures.signed_up
    filled = Filled(
        address=first(form, "address"),
        name=first(form, "name"),
        language=first(form, "language") or entrance.language,
        subjects=form.get("subject", []),
        agreed="agreed" in form,
    )
    if first(form, "website"):
        # No person sees that field. Whatever filled it in learns nothing.
        figures.labels("robot").inc()
        return entrance.said("look")
    try:
        signup = signup_of(filled, entrance.newsletter, vocabulary=entrance.house.vocabulary, network=network)
    except UnfitError as error:
        figures.labels("unfit").inc()
        return entrance.page(filled, wrong=error.fields, status=422)
    if not entrance.is_in_time(first(form, "stamp")):
        figures.labels("untimely").inc()
        return entrance.page(filled, wrong=("again",), status=422)
    if not await asking.ask(signup):
        figures.labels("too-often").inc()
        return entrance.said("too_many", 429)
    figures.labels("taken").inc()
    return entrance.said("look")


def _asked(house: House, token: str, status: int = 200) -> Response:
    asked = _behind(house, token)
    if not asked.is_open:
        return _over(house, asked)
    values = _values(house, asked)
    names = sorted(house.vocabulary.name(slug, asked.language) for slug in asked.interests)
    return shown(page("confirm", **values, interests=names), status)


def _confirm(house: House, token: str, network: str) -> Response:
    asked = _behind(house, token)
    public_id = subscription_of(house, Purpose.CONFIRM, token)
    try:
        found = confirm(
            house.store,
            public_id,
            mastheads=house.mastheads,
            vocabulary=house.vocabulary,
            network=network,
            now=house.now(),
        )
    except RefusedError as error:
        raise StrangeLinkError from error
    house.figures.confirmed.labels(str(found)).inc()
    if found is Confirmation.OVER:
        return _over(house, asked)
    preferences = make_token(house.keys, Purpose.PREFERENCES, Token(asked.public_id, 0))
    # Whoever finds the link later, in somebody's mailbox or history, finds nothing more by it.
    link = preferences if found is Confirmation.DONE else ""
    return shown(page("confirmed", **_values(house, asked), preferences=link))


def _behind(house: House, token: str) -> Asked:
    """
    :raises StrangeLinkError: nobody is known by it, or its newsletter is ours no more
    """
    try:
        asked = asked_by(house.store, subscription_of(house, Purpose.CONFIRM, token), now=house.now())
    except RefusedError as error:
        raise StrangeLinkError from error
    if asked.newsletter not in house.mastheads:
        raise StrangeLinkError
    return asked


def _over(house: House, asked: Asked) -> Response:
    if asked.is_confirmed:
        return shown(page("confirmed", **_values(house, asked), preferences=""))
    is_open = asked.newsletter in house.door.imprints
    return shown(page("over", **_values(house, asked), newsletter=asked.newsletter if is_open else ""), 410)


def _values(house: House, asked: Asked) -> dict[str, Any]:
    masthead = house.mastheads[asked.newsletter]
    say = masthead_speaker(house, masthead, asked.language, asked.address)
    return {"say": say, "language": asked.language, "title": masthead.title}
