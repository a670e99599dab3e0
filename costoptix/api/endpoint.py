"""Operations of the API: declared once, then routed, guarded, documented and tested from that.

    @operation("POST", "/keys", permission=Permission.ADMIN, summary="Make a key",
               body=KeyDraft, data=NewKey, status=201)
    def create_key(call: Call, body: KeyDraft) -> Answer:
        ...

The walk of a call: key → quota (both in ``api.guard``) → permission → parameters and
body → the view → envelope.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Response, current_app, g, request
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, drafts
from costoptix.access.api_keys import PresentedKey
from costoptix.access.permissions import Caller, Permission, require
from costoptix.access.tiers import Tier
from costoptix.api import idempotency
from costoptix.api.answers import Answer, respond
from costoptix.api.reading import bound_body, json_object, query_pairs
from costoptix.api.uploads import Upload, open_upload
from costoptix.costs.answers import CostStore
from costoptix.errors import Invalid, NotFound
from costoptix.extensions import db
from costoptix.models import Organization

PREFIX = "/api/v1"
View = Callable[..., Any]


@dataclass(frozen=True)
class Parameter:
    """A query parameter that the view itself reads from ``call.args``.

    A ``name`` that ends in ``*`` stands for every name that begins so (``tag:*``).
    """

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    repeatable: bool = False

    def matches(self, name: str) -> bool:
        """Tell whether a name in a query string is this parameter."""
        if self.name.endswith("*"):
            return name.startswith(self.name[:-1])
        return name == self.name


@dataclass(frozen=True)
class Operation:
    """One method on one path, and everything that is declared about it."""

    method: str
    path: str  # below PREFIX, in Flask's notation
    view: View
    summary: str
    permission: Permission | None  # None: open to all, without key and count
    query: type[drafts.Draft] | None
    parameters: tuple[Parameter, ...]
    body: type[drafts.Draft] | None
    upload: tuple[str, ...]  # content types of the file that the view reads from ``call.upload``
    data: Any  # the type of ``data`` in the answer, for the schema
    meta: Any
    status: int
    shown_once: tuple[str, ...]  # the fields of ``data`` that no replay may show
    media_types: tuple[str, ...]  # what it answers beside JSON
    is_never_refused: bool  # counted, but let through when the quota is used up
    may_conflict: bool  # a GET that may answer 409

    @property
    def name(self) -> str:
        """Return the operation id."""
        return self.view.__name__


OPERATIONS: list[Operation] = []
"""Every operation, in the order of declaration."""


def operation(
    method: str,
    path: str,
    *,
    permission: Permission | None,
    summary: str,
    query: type[drafts.Draft] | None = None,
    parameters: tuple[Parameter, ...] = (),
    body: type[drafts.Draft] | None = None,
    upload: tuple[str, ...] = (),
    data: Any = dict[str, Any],
    meta: Any = None,
    status: int = 200,
    shown_once: tuple[str, ...] = (),
    media_types: tuple[str, ...] = (),
    is_never_refused: bool = False,
    may_conflict: bool = False,
) -> Callable[[View], View]:
    """Declare the view below as an operation.

    The view is called with the ``Call``, the path's variables by name, and ``query`` and ``body``
    by name where declared. It returns data, an ``Answer``, or a Flask response (streams).
    Parameters and body fields that are not declared are refused before it is called.
    """

    def register(view: View) -> View:
        OPERATIONS.append(
            Operation(
                method=method,
                path=path,
                view=view,
                summary=summary,
                permission=permission,
                query=query,
                parameters=parameters,
                body=body,
                upload=upload,
                data=data,
                meta=meta,
                status=status,
                shown_once=shown_once,
                media_types=media_types,
                is_never_refused=is_never_refused,
                may_conflict=may_conflict,
            )
        )
        return view

    return register


@dataclass
class Call:
    """One call of one operation by one key."""

    operation: Operation
    args: list[tuple[str, str]]  # the query string, in order

    @cached_property
    def key(self) -> PresentedKey:
        """The key that was sent."""
        key: PresentedKey = g.api_key
        return key

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.key.caller

    @property
    def tier(self) -> Tier:
        """The organization's tier, as of this call."""
        return self.key.tier

    @property
    def data_version(self) -> str:
        """What the answer to any question of costs depends on, as of this call."""
        return self.key.data_version

    @property
    def session(self) -> Session:
        """The SQL session of this request."""
        return db.session()

    @cached_property
    def organization(self) -> Organization:
        """Whose data this is about."""
        organization = self.session.get(Organization, self.caller.organization_id)
        if organization is None:  # deleted since the key was read
            raise NotFound
        return organization

    @property
    def config(self) -> Config:
        """The installation's configuration."""
        config: Config = current_app.config["COSTOPTIX"]
        return config

    @property
    def store(self) -> CostStore:
        """The cost store."""
        store: CostStore = current_app.extensions["cost_store"]
        return store

    @cached_property
    def upload(self) -> Upload:
        """The file that was sent, for operations that declare ``upload``."""
        return open_upload(self.operation.upload, self.config.max_upload_bytes)

    def digest(self) -> str:
        """Return a digest of the request: method, path, query and body."""
        body = self.upload.digest() if self.operation.upload else request.get_data()
        identity = (request.method, request.path, sorted(self.args), body)
        return hashlib.sha256(repr(identity).encode()).hexdigest()

    def check_etag(self, *parts: object) -> None:
        """Make the answer's ETag of organization, data version, UTC day and ``parts``.

        Raises:
            NotModified: the caller's copy is still good; nothing needs to be computed.
        """
        identity = (self.caller.organization_id, self.data_version, clock.utc_today())
        self.check_etag_of(repr((identity, parts)).encode())

    def check_etag_of(self, identity: bytes) -> None:
        """Make the answer's ETag of what tells it from others: the answer itself, for one.

        Raises:
            NotModified: the caller's copy is still good.
        """
        g.api_etag = hashlib.blake2b(identity, digest_size=16).hexdigest()
        if _caller_holds(g.api_etag):
            raise NotModified


class NotModified(Exception):
    """The caller holds the answer already (304)."""


def perform(current: Operation, path: dict[str, str]) -> Response:
    """Run one operation for the request at hand: permission → input → view → envelope."""
    if current.permission is not None:
        require(g.api_key.caller, current.permission)
    _check_path(path)
    if not current.upload:
        bound_body()
    call = Call(current, query_pairs())
    inputs = path | _inputs(current, call.args)
    key = request.headers.get(idempotency.HEADER) if request.method == "POST" else None
    if key is None:
        return _answer(call, inputs)
    once = idempotency.Once(
        call.session, call.caller.organization_id, key, call.digest, current.shown_once,
        is_upload=bool(current.upload),
    )  # fmt: skip
    return once.answer(lambda: _answer(call, inputs))


def _check_path(path: Mapping[str, str]) -> None:
    for name, value in path.items():
        if "\x00" in value:
            raise NotFound
        if drafts.is_placeholder(name, value):
            raise Invalid(f"Put a value in place of {value} in the address.")


def _answer(call: Call, inputs: Mapping[str, Any]) -> Response:
    try:
        return _finish(call.operation.view(call, **inputs))
    except NotModified:
        return _unchanged(g.api_etag)


def _inputs(current: Operation, pairs: list[tuple[str, str]]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    if current.query is not None:
        inputs["query"] = drafts.read_pairs(current.query, pairs)
    else:
        _refuse_unknown(current, pairs)
    if current.body is not None:
        inputs["body"] = drafts.read(current.body, json_object(), is_typed=True)
    return inputs


def _refuse_unknown(current: Operation, pairs: list[tuple[str, str]]) -> None:
    for name, _ in pairs:
        if not any(parameter.matches(name) for parameter in current.parameters):
            allowed = ", ".join(parameter.name for parameter in current.parameters) or "none"
            raise Invalid(f"Unknown parameter {name[:100]!a}; allowed: {allowed}.")


def _finish(result: object) -> Response:
    """Wrap what a view returned; a GET's answer gets an ETag (of its bytes, if of nothing else)."""
    if isinstance(result, Response):
        return _tagged(result, g.api_etag) if "api_etag" in g else result
    response = respond(result if isinstance(result, Answer) else Answer(result))
    if request.method not in ("GET", "HEAD") or response.status_code != 200:
        return response
    tag = g.get("api_etag") or hashlib.blake2b(response.get_data(), digest_size=16).hexdigest()
    if _caller_holds(tag):
        return _unchanged(tag)
    return _tagged(response, tag)


def _caller_holds(tag: str) -> bool:
    return "If-None-Match" in request.headers and request.if_none_match.contains_weak(tag)


def _unchanged(tag: str) -> Response:
    """Answer 304, of no type: Flask would say HTML, of which the frame lets nothing be stored."""
    response = _tagged(Response(status=304), tag)
    del response.headers["Content-Type"]
    return response


def _tagged(response: Response, tag: str) -> Response:
    response.headers["ETag"] = f'"{tag}"'
    response.headers["Cache-Control"] = "private, no-cache"
    return response
