"""R3: a stream that fails after its first bytes ends so that whoever reads it can tell."""

from __future__ import annotations

import http.client
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.quota.conftest import Seat, take_seat
from tests.support.server import gunicorn

ROWS = 16_000
PATH = "/api/v1/costs/export?start_date=2026-03-01&end_date=2026-03-31"
COLUMNS = (
    "BillingAccountId", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart",
    "ChargePeriodEnd", "BillingCurrency", "BilledCost", "EffectiveCost", "ListCost",
    "ContractedCost", "ChargeCategory", "ProviderName", "ServiceName", "SubAccountId",
    "ServiceCategory", "PublisherName", "InvoiceIssuerName", "ResourceId",
)  # fmt: skip


@dataclass
class Exporting:
    """A server with a month of charges, whose file can be damaged and made whole again."""

    seat: Seat
    charges: Path

    def __post_init__(self) -> None:
        self.whole = self.charges.read_bytes()

    def damage(self, spoiled: int) -> None:
        """Spoil the last bytes of the column of resources: the rows', before them their texts'."""
        columns = pq.ParquetFile(self.charges).metadata.row_group(0)
        (column,) = (
            columns.column(number)
            for number in range(columns.num_columns)
            if columns.column(number).path_in_schema == "resource_id"
        )
        size = column.total_compressed_size
        first = column.dictionary_page_offset or column.data_page_offset
        with self.charges.open("r+b") as file:
            file.seek(first + size - spoiled)
            file.write(b"\xff" * spoiled)

    def ask(self, *, version: str = "HTTP/1.1", **headers: str) -> tuple[int, str, bytes]:
        """Ask for the export; return status, content type and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.seat.server.port, timeout=60)
        connection._http_vsn_str = version  # type: ignore[attr-defined]
        connection._http_vsn = 11 if version == "HTTP/1.1" else 10  # type: ignore[attr-defined]
        host = {"Host": "127.0.0.1"} if version == "HTTP/1.0" else {}
        connection.request("GET", PATH, headers={"X-API-Key": self.seat.key, **host, **headers})
        response = connection.getresponse()
        try:
            return response.status, response.headers["Content-Type"], response.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporting]:
    folder = tmp_path_factory.mktemp("streams") / "instance"
    with gunicorn(folder, WEB_CONCURRENCY="1") as server:
        seat = take_seat(server, "enterprise", permission="write")
        (folder / "bill.csv").write_bytes(_bill())
        done = server.flask("bills", "import", seat.organization_id, str(folder / "bill.csv"))
        assert done.returncode == 0, done.stderr
        (charges,) = (folder / "lake").rglob("charges*.parquet")
        yield Exporting(seat, charges)


@pytest.fixture
def exporting(served: Exporting) -> Iterator[Exporting]:
    yield served
    served.charges.write_bytes(served.whole)


def _bill() -> bytes:
    chance = random.Random(3)
    same = (
        "1,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-05T00:00:00Z,"
        "2026-03-06T00:00:00Z,USD,1,1,1,1,Usage,AWS,EC2,111,Compute,AWS,AWS"
    )
    rows = (f"{same},{chance.randbytes(200).hex()}" for _ in range(ROWS))
    return "\n".join([",".join(COLUMNS), *rows, ""]).encode()


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_r3_a_stream_that_fails_ends_without_its_last_chunk(
    exporting: Exporting, connection: str
) -> None:
    exporting.damage(1_000)
    with pytest.raises(http.client.IncompleteRead):
        exporting.ask(Connection=connection)
    exporting.charges.write_bytes(exporting.whole)
    assert exporting.ask(Connection=connection)[0] == 200


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_r3_a_stream_that_fails_resets_a_connection_that_knows_no_chunks(
    exporting: Exporting, connection: str
) -> None:
    """HTTP/1.0, as proxies speak it that nobody told otherwise."""
    assert exporting.ask(version="HTTP/1.0", Connection=connection)[0] == 200
    exporting.damage(1_000)
    with pytest.raises(ConnectionResetError):
        exporting.ask(version="HTTP/1.0", Connection=connection)


def test_r3_a_stream_that_fails_before_its_first_bytes_is_an_error_like_any_other(
    exporting: Exporting,
) -> None:
    exporting.damage(100_000)
    status, media_type, body = exporting.ask()
    assert (status, media_type) == (500, "application/json; charset=utf-8")
    assert body == b'{"success":false,"error":"Internal server error"}\n'
