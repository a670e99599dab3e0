"""What is sent is kept under a name of ours, and checked before it is."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import Caller
from costoptix.bills.intake import receive
from costoptix.bills.intake.receive import Sent
from costoptix.errors import Invalid, TooLarge
from costoptix.models import Import, Organization


def test_s44_the_name_that_was_sent_is_never_a_path(
    session: Session, acme: Organization, config: Config, operator: Caller
) -> None:
    for name in (
        "../../etc/passwd",
        "..\\..\\x.csv",
        "a\0b.csv",
        "日本.csv",
        "x" * 500,
        "\u202egnp.csv",
        "",
    ):
        ((row, _job),) = receive.receive(
            session, acme, operator, [Sent(io.BytesIO(b"a"), name)],
            uploads_dir=config.uploads_dir, max_bytes=10,
        )  # fmt: skip
        assert (config.uploads_dir / row.stored_name / "0").read_bytes() == b"a"
        assert len(row.stored_name) == 36
        assert row.file_name.isprintable()
        assert "/" not in row.file_name
        assert 1 <= len(row.file_name) <= 400


def test_a_file_that_is_too_large_leaves_nothing(
    session: Session, acme: Organization, config: Config, operator: Caller
) -> None:
    with pytest.raises(TooLarge):
        receive.receive(
            session, acme, operator, [Sent(io.BytesIO(b"a" * 11), "a")],
            uploads_dir=config.uploads_dir, max_bytes=10,
        )  # fmt: skip
    assert list(config.uploads_dir.iterdir()) == []
    assert session.scalars(select(Import)).all() == []


@pytest.mark.parametrize("said", [{"currency": "usd"}, {"currency": "$"}, {"source_name": " "}])
def test_what_the_sender_says_is_checked(
    session: Session, acme: Organization, config: Config, operator: Caller, said: dict[str, str]
) -> None:
    with pytest.raises(Invalid):
        receive.receive(
            session, acme, operator, [Sent(io.BytesIO(b"a"), "a")],
            uploads_dir=config.uploads_dir, max_bytes=10, **said,
        )  # fmt: skip
