"""Whatever is sent, the API answers in its one shape and never fails."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from assay.casework.models import Role
from assay.web.api.keys import BUCKETS
from assay.web.wsgi import application
from tests.casework.builders import a_decision, an_item
from tests.web.api.conftest import a_caller

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]


SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
EXAMPLES = 25


@pytest.fixture(autouse=True)
def _one_connection():
    """A call over WSGI would close the connection that holds the test's transaction; Django's client keeps it too."""
    ends = (request_started, request_finished)
    for each in ends:
        each.disconnect(close_old_connections)
    yield
    for each in ends:
        each.connect(close_old_connections)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
def test_no_request_breaks_the_api(operation, served):
    an_item()
    a_decision()
    role = Role.ADMINISTRATOR if operation.path.endswith("/effects") else Role.SENIOR
    token = a_caller(role).token

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @seed(1)
    @given(case=operation.as_strategy())
    def answers(case):
        BUCKETS.levels.clear()
        case.headers["Authorization"] = f"Bearer {token}"
        case.call_and_validate(checks=CHECKS)

    answers()
