"""Connections to PostgreSQL: a silent server is left, one that works is waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import text

from costoptix import postgresql
from costoptix.database import open_engine
from costoptix.postgresql import Server
from tests.support.stopping_proxy import StoppingProxy, stopping_proxy


@pytest.fixture
def proxy(postgresql_server: str) -> Iterator[StoppingProxy]:
    with stopping_proxy(urlsplit(postgresql_server).port or 0) as proxy:
        yield proxy


def server_behind(proxy: StoppingProxy) -> Server:
    return Server(f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres")


def test_a_statement_that_takes_long_is_waited_for(
    proxy: StoppingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "SILENT_SECONDS", 0.2)
    with server_behind(proxy).connect() as connection:
        assert connection.execute("SELECT 1 FROM pg_sleep(1)").fetchall() == [(1,)]


def test_a_silent_server_is_left_and_asked_again_a_second_later(proxy: StoppingProxy) -> None:
    server = server_behind(proxy)
    with server.connect() as connection:
        connection.execute("SELECT 1")
        proxy.stop()
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        assert connection.closed
        with pytest.raises(psycopg.OperationalError, match="a moment ago"):
            server.connect()
        assert time.monotonic() - began < 4.5
        proxy.go_on()
        time.sleep(postgresql.REMEMBERED_SECONDS)
        server.connect().close()


def test_a_writer_waits_for_another_as_long_as_on_sqlite(postgresql_database: str) -> None:
    engine = open_engine(postgresql_database)
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "10s"
    engine.dispose()


def test_what_a_url_says_of_timeouts_is_kept(postgresql_database: str) -> None:
    engine = open_engine(f"{postgresql_database}?connect_timeout=7&options=-c%20lock_timeout%3D3s")
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "3s"
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.info.get_parameters()["connect_timeout"] == "7"
        assert driver.info.get_parameters()["tcp_user_timeout"] == "6000"
    engine.dispose()
