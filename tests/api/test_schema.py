"""Every route is asked what its document allows and what it forbids: nothing breaks, and every answer is as documented."""

import os
import uuid
from typing import Any

import pytest
import schemathesis
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from apps.accounts.models import Tenant
from apps.api.document import document
from tests.api.conftest import Party

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

brief = settings(
    max_examples=200 if LONG else 3,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def operations() -> list[Any]:
    """Every operation of the document."""
    schema = schemathesis.openapi.from_dict(document())
    return [found.ok() for found in schema.get_all_operations()]


def known(party: Party, path: str) -> dict[str, str]:
    """Ids of the tenant's own for the parts of a path."""
    parts = {"address": f"wallet:{party.wallet}:available", "currency": "EUR", "wallet": party.other}
    parts |= {"customer": party.customer, "api_key": "key_" + party.wallet[4:]}
    if path.startswith("/v1/wallets/"):
        parts["id"] = party.wallet
    if path.startswith("/v1/entries/"):
        parts["id"] = party.ids["entry"]
    return parts


def ask(operation: Any, mode: GenerationMode, party: Party, key: str, url: str) -> int:
    """Ask some cases of an operation; how many."""
    asked = 0

    @brief
    @given(case=operation.as_strategy(generation_mode=mode))
    def asking(case: Any) -> None:
        nonlocal asked
        asked += 1
        headers = {"Authorization": f"Bearer {key}"}
        if mode is GenerationMode.POSITIVE:
            case.path_parameters = (
                {
                    **case.path_parameters,
                    **{
                        name: value
                        for name, value in known(party, operation.path).items()
                        if name in case.path_parameters
                    },
                }
                if case.path_parameters
                else case.path_parameters
            )
            if operation.method == "post":
                headers["Idempotency-Key"] = uuid.uuid4().hex
        answer = case.call(base_url=url, headers=headers, timeout=20)
        refuses = (
            mode is GenerationMode.NEGATIVE and operation.path != "/v1/bulk"
        )  # which refuses item by item
        checks = [*CHECKS, negative_data_rejection] if refuses else CHECKS
        case.validate_response(answer, checks=checks)

    asking()
    return asked


@pytest.mark.long
@override_settings(API_OPERATOR_REQUESTS_PER_MINUTE=1_000_000)
@pytest.mark.parametrize("whose", ["tenant", "operator"])
def test_every_route_answers_as_its_document_says(
    operations: list[Any], acme: Party, operator_key: str, http: Any, whose: str
) -> None:
    Tenant.objects.filter(pk=acme.tenant).update(requests_per_minute=1_000_000)
    key = acme.key if whose == "tenant" else operator_key
    asked = 0
    failures: dict[str, list[str]] = {}
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        for operation in operations:
            try:
                asked += ask(operation, mode, acme, key, str(http.base_url))
            except FailureGroup as group:
                failures[f"{mode.name} {operation.label}"] = [str(each)[:1_000] for each in group.exceptions]
    assert failures == {}, "\n\n".join(f"{name}\n{found[0]}" for name, found in failures.items())
    assert asked > 3 * len(operations)
