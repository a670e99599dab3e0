"""The threads that send: none waits for another, nor for the worker's jobs, and none is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from config import Config
from costoptix import worker
from costoptix.extensions import db
from costoptix.models import Channel, Dispatch
from costoptix.notify import deliver
from costoptix.notify.sender import Sender
from tests.notify.conftest import Happen, MakeChannel
from tests.support.endpoint import Endpoint, saying

Sessions = Callable[[], Session]


@pytest.fixture
def sessions(app: Flask, session: Session) -> Sessions:
    engine = db.engine
    return lambda: Session(engine, expire_on_commit=False)


def states(session: Session) -> dict[str, int]:
    session.rollback()
    return dict(
        session.execute(select(Dispatch.state, func.count()).group_by(Dispatch.state)).all()
    )


def test_r23_an_endpoint_that_hangs_delays_no_other(
    session: Session, sessions: Sessions, reaching: Config, happen: Happen,
    make_channel: MakeChannel, endpoint: Endpoint,
) -> None:  # fmt: skip
    """R23: more dead ones than one, and each of them is asked before the living answer."""
    hung, arrived = threading.Event(), threading.Semaphore(0)

    def speak(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.startswith("/dead"):
            hung.wait(10)
        else:
            arrived.release()
        saying(200)(handler)

    endpoint.speak = speak
    for number in range(4):
        make_channel(name=f"Dead {number}", url=endpoint.url.replace("hook", f"dead{number}"))
    make_channel(name="Living")
    happen()
    happen(key="k2")
    with Sender(sessions, reaching) as sender:
        assert arrived.acquire(timeout=5)
        assert arrived.acquire(timeout=5)
        assert "delivered" not in states(session) or states(session)["delivered"] <= 2
        hung.set()
    sender.drain()
    assert states(session) == {"delivered": 10}


@pytest.mark.usefixtures("judged_here")
def test_once_sends_what_is_due_and_ends(
    session: Session, sessions: Sessions, reaching: Config, happen: Happen,
    make_channel: MakeChannel, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(deliver, "IN_A_ROW", 3)
    make_channel()
    for number in range(8):
        happen(key=f"k{number}")
    worker.run(sessions, reaching, once=True)
    assert states(session) == {"delivered": 8}
    assert len(endpoint.received) == len({r.headers["webhook-id"] for r in endpoint.received}) == 8


def test_once_ends_also_where_sending_breaks(
    session: Session, sessions: Sessions, reaching: Config, happen: Happen,
    make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise OSError("the disk is on fire")

    make_channel()
    happen()
    monkeypatch.setattr(deliver, "_note", fail)
    Sender(sessions, reaching).drain()
    assert states(session) == {"waiting": 1}
    assert session.scalars(select(Channel.lease_token)).all() == [None]


def test_a_channel_switched_off_is_not_sent_to(
    session: Session, sessions: Sessions, reaching: Config, happen: Happen,
    make_channel: MakeChannel, endpoint: Endpoint,
) -> None:  # fmt: skip
    make_channel()
    session.execute(update(Channel).values(state="disabled"))
    session.commit()
    happen()
    Sender(sessions, reaching).drain()
    assert (states(session), endpoint.received) == ({}, [])
