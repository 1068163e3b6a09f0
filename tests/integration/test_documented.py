"""What the routes promise, held against what they do: schemathesis makes up requests from their document."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from newsletter.store import open_store
from newsletter.tokens import Purpose, Token, make_token
from newsletter.web.face.app import create_app, document
from tests.entrance import IS_FULL, KEYS, NEWSLETTER, Entrance, a_stamp, an_entrance
from tests.houses import a_house
from tests.stores import an_entry, take_in

EXAMPLES = 500 if IS_FULL else 25


@pytest.fixture(scope="module")
def entrance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    limits: dict[str, Any] = {
        f"NEWSLETTER_SIGNUPS_{name}": "999999999/second" for name in ("PER_NETWORK", "PER_DOMAIN", "IN_ALL")
    }
    with an_entrance(tmp_path_factory.mktemp("documented"), **limits) as opened:
        yield opened


@pytest.fixture(scope="module")
def promised(entrance: Entrance) -> OpenApiSchema:
    with open_store("sqlite://") as store:
        told = document(create_app(a_house(store)))
    schema = schemathesis.openapi.from_dict(told)
    schema.config.update(base_url=entrance.base_url)
    with entrance.store() as store:
        (reader,) = take_in(store, an_entry(1), newsletter=NEWSLETTER)

    @schema.hook
    def map_path_parameters(context: Any, path_parameters: dict[str, Any]) -> dict[str, Any]:
        """Two of three are links that work, and newsletters that there are."""
        found = dict(path_parameters or {})
        for name, value in list(found.items()):
            if len(str(value)) % 3:
                found[name] = good(name, context.operation.path, reader.public_id)
        return found

    @schema.hook
    def map_body(context: Any, body: Any) -> Any:
        """Half of the forms were shown by us."""
        if isinstance(body, dict) and "stamp" in body and len(str(body["stamp"])) % 2:
            return body | {"stamp": a_stamp(), "address": "reader1@example.com", "agreed": "yes"}
        return body

    return schema


def good(name: str, path: str, public_id: bytes) -> str:
    if name != "token":
        return NEWSLETTER if name == "newsletter" else "face.css"
    return make_token(KEYS, Purpose(path[1]), Token(public_id, 1))


def test_every_route_keeps_what_its_document_promises(promised: OpenApiSchema) -> None:
    tried = [keeps(found.ok()) for found in promised.get_all_operations() if isinstance(found, Ok)]
    assert len(tried) > 20


def keeps(operation: Any) -> str:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy())
    def is_kept(case: Any) -> None:
        # No schema can say what a mail address is, or a stamp of ours: what is fit by it may be refused.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    is_kept()
    return str(operation.label)
