"""Keys of every kind, and calls with them."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from costoptix.access import api_keys
from costoptix.access.api_keys import KeyDraft
from costoptix.access.permissions import Permission, command_line
from costoptix.models import ApiKey, Organization

MakeKey = Callable[..., tuple[ApiKey, str]]


@pytest.fixture
def make_key(session: Session, acme: Organization) -> MakeKey:
    """Make a key of acme, or of another organization; returns row and text."""

    def make(
        permission: str = "admin", organization: Organization = acme, **values: Any
    ) -> tuple[ApiKey, str]:
        draft = KeyDraft(name="ci", permission=Permission(permission), **values)
        return api_keys.create(session, organization, command_line(organization.id), draft)

    return make


class Api:
    """Calls the API with one key.

    Each call runs in an empty context: within the application context of the ``session``
    fixture all requests would share Flask's ``g``.
    """

    def __init__(self, client: FlaskClient, key: str | None) -> None:
        self._client = client
        self._headers = {} if key is None else {"X-API-Key": key}

    def __call__(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = self._headers | options.pop("headers", {})
        return contextvars.Context().run(
            self._client.open, f"/api/v1{path}", method=method, headers=headers, **options
        )

    def get(self, path: str, **options: Any) -> TestResponse:
        return self("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self("POST", path, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self("DELETE", path, **options)


@pytest.fixture
def as_key(app: Flask) -> Callable[[str | None], Api]:
    """Call with a given key."""
    return lambda key: Api(app.test_client(), key)


@pytest.fixture
def api(make_key: MakeKey, as_key: Callable[[str | None], Api]) -> Api:
    """Call with an admin key of acme."""
    return as_key(make_key()[1])
