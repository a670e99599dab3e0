"""Make the installation that this folder keeps, by the ways that its users had.

Ran once, in a worktree of commit 635c766 (2026-11-26), before the schema's first append-only
migration; it is kept to show how the files came about, and is not for any later commit:

    git worktree add ../frozen 635c766 && cd ../frozen
    .venv/bin/python …/tests/data/frozen/make.py …/tests/data/frozen
"""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

NOW = "2026-03-21T09:00:00Z"
PASSWORD = "correct horse battery staple"
DATA = Path("tests/data")
SPAN = "start_date=2024-01-01&end_date=2026-12-31"
QUESTIONS = (
    f"/costs?{SPAN}&granularity=monthly&limit=1000",
    f"/costs?{SPAN}&granularity=daily&limit=1000",
    f"/costs?{SPAN}&granularity=monthly&group_by=provider_name,service_name&limit=1000",
    f"/costs?{SPAN}&group_by=sub_account_id,charge_category&limit=1000",
    f"/costs?{SPAN}&group_by=resource_id,tag:team&limit=1000",
    "/imports?limit=100",
    "/budgets?limit=100",
    "/anomalies?start_date=2024-01-01&end_date=2026-12-31&limit=100",
    "/accounts?limit=100",
)
COLUMNS = (
    "BillingAccountId", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd",
    "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "BilledCost", "EffectiveCost",
    "ListCost", "ContractedCost", "ProviderName", "ServiceName", "ServiceCategory",
    "SubAccountId", "SubAccountName", "ResourceId", "Tags",
)  # fmt: skip


def charges(first: date, last: date) -> Iterator[list[str]]:
    """Make a charge a day of each of three series; one of them jumps on 10 and 11 March 2026."""
    month = first.replace(day=1)
    following = (month + timedelta(days=31)).replace(day=1)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        for account, service, cost in (("111", "EC2", 40), ("111", "S3", 7), ("222", "EC2", 12)):
            jumps = (account, service) == ("111", "EC2") and day in JUMPS
            billed = (
                f"{cost * (6 if jumps else 1) + day.toordinal() * 7 % 5}.{day.day:02}0000000001"
            )
            yield [
                "payer", "USD", f"{month}T00:00:00Z", f"{following}T00:00:00Z", f"{day}T00:00:00Z",
                f"{day + timedelta(days=1)}T00:00:00Z", "Usage", billed, billed, billed, billed,
                "AWS", service, "Compute" if service == "EC2" else "Storage", account,
                {"111": "shop", "222": "lab"}[account], f"arn:{service}:{account}",
                json.dumps({"team": "web" if account == "111" else "data"}),
            ]  # fmt: skip


JUMPS = (date(2026, 3, 10), date(2026, 3, 11))


def bill(*rows: list[str]) -> bytes:
    """Write the rows as a FOCUS file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    return text.getvalue().encode()


def month(year: int, number: int, last: int) -> list[list[str]]:
    """Make the charges of a month up to a day."""
    return list(charges(date(year, number, 1), date(year, number, last)))


class Installation:
    """The application of that commit, in a folder."""

    def __init__(self, folder: Path) -> None:
        os.environ |= {
            "COSTOPTIX_DATA_DIR": str(folder), "COSTOPTIX_TESTING": "1", "COSTOPTIX_NOW": NOW,
        }  # fmt: skip
        sys.path.insert(0, ".")
        from config import Config
        from costoptix import create_app

        self.app = create_app(Config.from_environ())
        self.flask("db", "upgrade")

    def flask(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a command; return what it prints."""
        with self.app.app_context():
            done = self.app.test_cli_runner().invoke(args=arguments, input=stdin)
        assert done.exit_code == 0, (arguments, done.output, done.exception)
        return done.output.strip().splitlines()[-1] if done.output.strip() else ""

    def call(self, key: str, method: str, path: str, **options: object) -> object:
        """Call the API; return its data."""
        options.setdefault("headers", {})["X-API-Key"] = key
        answer = self.app.test_client().open(f"/api/v1{path}", method=method, **options)
        assert answer.status_code < 300, (path, answer.status_code, answer.text)
        return answer.json["data"]

    def send(self, key: str, content: bytes, name: str, source: str) -> str:
        """Send a bill; return the import's id."""
        form = {"file": (io.BytesIO(content), name), "source": source}
        row = self.call(key, "POST", "/imports", data=form, content_type="multipart/form-data")
        return row["id"]

    def take_in(self, key: str, content: bytes, name: str, source: str) -> dict:
        """Send a bill and wait for its import."""
        number = self.send(key, content, name, source)
        self.flask("worker", "--once")
        return self.call(key, "GET", f"/imports/{number}")


def fill(here: Installation) -> dict[str, str]:
    """Bring in what an installation of some months has; return a key of each organization."""
    keys = {}
    for name, tier in (("Acme Cloud", "enterprise"), ("Elsewhere", "professional")):
        email = f"admin@{name.split()[0].lower()}.example"
        here.flask(
            "org", "create", name, "--tier", tier, "--admin-email", email,
            "--admin-password-stdin", stdin=PASSWORD,
        )  # fmt: skip
        keys[name] = here.flask("keys", "create", name, "frozen", "--permission", "admin")
    here.flask(
        "users", "create", "Acme Cloud", "bob@acme.example", "--role", "member",
        "--password-stdin", stdin=PASSWORD,
    )  # fmt: skip
    key = keys["Acme Cloud"]
    spare = here.call(key, "POST", "/keys", json={"name": "spare", "permission": "read"})
    here.call(key, "DELETE", f"/keys/{spare['id']}")
    _fill_acme(here, key)
    golden = DATA / "focus-golden" / "aws_1_2_cost_and_usage_rows25_seed7.csv"
    row = here.take_in(keys["Elsewhere"], golden.read_bytes(), golden.name, "focus")
    assert row["state"] == "live", row
    here.send(key, bill(*month(2025, 11, 30)), "november.csv", "aws")  # the worker is to come
    return keys


def _fill_acme(here: Installation, key: str) -> None:
    states = {}

    def take_in(content: bytes, name: str, source: str = "aws") -> str:
        row = here.take_in(key, content, name, source)
        states[name] = (row["state"], row["rows"], row["error"], row["message"])
        return row["id"]

    broken = month(2026, 1, 31)
    broken[5] = [*broken[5]]
    broken[5][COLUMNS.index("BilledCost")] = "free"
    take_in(bill(*broken), "january.csv")  # with a row that is rejected
    take_in(bill(*month(2026, 2, 20)), "february-so-far.csv")
    take_in(bill(*month(2026, 2, 28)), "february.csv")  # replaces it
    take_in(bill(*month(2026, 3, 19)), "march-so-far.csv")
    take_in(bill(*month(2026, 3, 19)), "march-again.csv")  # the same bytes
    for name in ("MCA_ActualCost_Made.csv", "MCA_AmortizedCost_Made.csv"):
        take_in((DATA / "azure" / name).read_bytes(), name, "azure")
    take_in((DATA / "oci" / "cost_report.csv").read_bytes(), "cost_report.csv", "oracle")
    take_in((DATA / "gcp" / "detailed.jsonl").read_bytes(), "detailed.jsonl", "google")
    extra = [[*row[:14], "333", "trial", "arn:333", "{}"] for row in month(2025, 12, 5)]
    withdrawn = take_in(bill(*extra), "trial.csv", "trial")
    here.call(key, "DELETE", f"/imports/{withdrawn}")
    take_in(b"no,bill\n1,2\n", "shopping.csv")
    take_in(bill(*month(2026, 2, 3)), "february-short.csv")  # charges would vanish: it waits
    print(json.dumps(states, indent=1))
    (account,) = [row for row in here.call(key, "GET", "/accounts") if "222" in json.dumps(row)]
    here.call(key, "PATCH", f"/accounts/{account['id']}", json={"name": "Laboratory"})
    terms = {"currency": "USD", "period": "monthly"}
    for budget in (
        {"name": "All of it", "amount": "1500"},
        {"name": "Web", "amount": "900.50", "tag_rules": [{"key": "team", "values": ["web"]}]},
        {"name": "Laboratory", "amount": "800", "account": "aws:222", "period": "quarterly"},
    ):
        here.call(key, "POST", "/budgets", json=terms | budget)
    here.call(key, "POST", "/anomalies/detect", json={})
    anomalies = here.call(key, "GET", "/anomalies?start_date=2026-01-01&end_date=2026-12-31")
    assert anomalies
    judgement = {"status": "resolved", "note": "a load test"}
    here.call(key, "PATCH", f"/anomalies/{anomalies[0]['id']}", json=judgement)
    here.flask("worker", "--once")


def record(here: Installation, keys: dict[str, str]) -> dict[str, object]:
    """Ask every question of every organization."""
    recorded = {}
    for name, key in keys.items():
        budgets = here.call(key, "GET", "/budgets?limit=100")
        paths = (*QUESTIONS, *(f"/budgets/{budget['id']}/check" for budget in budgets))
        answers = {path: here.call(key, "GET", path) for path in paths}
        recorded[name] = {"key": key, "answers": answers}
    return recorded


def main(target: Path) -> None:
    """Make the installation in a temporary folder and keep what an upgrade must keep."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "instance"
        here = Installation(folder)
        recorded = record(here, fill(here))
        (target / "answers.json").write_text(json.dumps(recorded, indent=1) + "\n")
        with sqlite3.connect(folder / "costoptix.db") as connection:
            (target / "costoptix.sql").write_text("\n".join(connection.iterdump()) + "\n")
        with tarfile.open(target / "files.tar.gz", "w:gz") as archive:
            for part in ("lake", "uploads"):
                archive.add(folder / part, arcname=part)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
