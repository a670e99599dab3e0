"""A ledger without files and database: deliveries are judged as the product does, in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from costoptix.bills.ledger import elsewhere, findings, precedence
from costoptix.bills.ledger.coverage import Part
from costoptix.bills.ledger.elsewhere import BillGroup, Elsewhere
from costoptix.bills.ledger.findings import Findings
from costoptix.bills.ledger.precedence import Version
from costoptix.bills.ledger.questions import Decision
from costoptix.bills.read import identities
from costoptix.bills.read.columns import Column
from costoptix.bills.read.staged import Scope, Staged
from costoptix.lake import coverage
from costoptix.lake.providers import canonical_account
from costoptix.models import Delivery, Source
from costoptix.periods import BillingPeriod
from tests.bills.ledger.histories import Charge, Sent

ZERO = Decimal(0)
MILLION = 1_000_000


def covering(charges: Sequence[Charge], provider: str) -> coverage.Coverage:
    """Return what charges cover, as reading them makes it."""
    sums: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, ZERO, ZERO, ZERO, ZERO])
    accounts = {one: coverage.account(provider, one) for one in {c.account for c in charges}}
    for charge in charges:
        totals = sums["USD", charge.day, charge.category, accounts[charge.account]]
        totals[0] += 1
        totals[1 if charge.billed > 0 else 2] += charge.billed
        totals[3 if charge.effective > 0 else 4] += charge.effective
    rows = [(*key[:1], _day(key[1]), *key[2:], *totals) for key, totals in sums.items()]
    table = coverage.SCHEMA.empty_table()
    if rows:
        names = coverage.SCHEMA.names
        columns = zip(names, zip(*rows, strict=True), strict=True)
        table = pa.table(
            {name: pa.array(column, coverage.SCHEMA.field(name).type) for name, column in columns}
        )
    return coverage.Coverage(table, _sketch(charges))


def _sketch(charges: Sequence[Charge]) -> coverage.Sketch:
    starts = [_instant(charge) for charge in charges]
    texts = {
        identities.ACCOUNT: [c.account for c in charges],
        "charge_category": [c.category for c in charges],
        "charge_class": [None for _ in charges],
        "service_name": [c.service for c in charges],
        "sku_id": [c.sku for c in charges],
        "resource_id": [c.resource for c in charges],
        "region_id": ["eu" for _ in charges],
        "charge_description": [c.description for c in charges],
    }
    columns: dict[str, Column] = {
        name: pa.array(values, pa.string()) for name, values in texts.items()
    }
    columns["charge_period_start"] = pa.array(starts, pa.timestamp("us"))
    ends = [start + timedelta(hours=1) for start in starts]
    columns["charge_period_end"] = pa.array(ends, pa.timestamp("us"))
    numbers = [c.number for c in charges]
    more = pa.array(numbers, pa.string()) if any(numbers) else None
    return coverage.Sketch.of([identities.identities(columns, len(charges), more=more)])


def _day(number: int) -> date:
    return date(2026, 3, 1) + timedelta(days=number - 1)


def _instant(charge: Charge) -> datetime:
    day = _day(charge.day)
    return datetime(day.year, day.month, day.day, charge.hour)  # noqa: DTZ001 - as it is stored


@dataclass(frozen=True)
class Kept:
    """A delivery that the ledger holds: one per dataset of what was sent."""

    sent: Sent
    version: Version
    charges: tuple[Charge, ...]
    part: Part


ScopeName = tuple[str, str, BillingPeriod]


@dataclass
class Ledger:
    """What was delivered, and what of it is live."""

    kept: dict[ScopeName, list[Kept]] = field(default_factory=dict)
    twins: set[str] = field(default_factory=set)
    counted: int = 0

    def bring(self, sent: Sent, answer: Decision | None = None) -> list[str]:
        """Judge a delivery; it goes live unless something is asked that has no answer.

        Returns what was asked. To replace another source is no answer here: it waits.
        """
        coming = self._coming(sent)
        found, others = self._judged(sent, coming)
        asked = _asked(found, others)
        is_elsewhere = bool(list(others.questions()))
        if asked and (answer is None or (is_elsewhere and answer is Decision.REPLACE)):
            return asked
        placements = found.placements
        for one in coming:
            placement = placements[one.version.id]
            parts = placement.parts
            if found.is_asking and answer is not None:
                parts = placement.added if answer is Decision.ADD else placement.replacing
            made = replace(one, version=replace(one.version, parts=parts))
            self.kept.setdefault(_scope(sent), []).append(made)
        return asked

    def live(self, scope: ScopeName | None = None) -> list[Kept]:
        """Return what counts, of all scopes or of one."""
        scopes = self.kept if scope is None else {scope: self.kept.get(scope, [])}
        return [
            one
            for kept in scopes.values()
            for live in [{v.id for v in precedence.live_versions(k.version for k in kept)}]
            for one in kept
            if one.version.id in live
        ]

    def charges(self) -> Counter[Charge]:
        """Return the charges that count, and how often."""
        return Counter(charge for one in self.live() for charge in one.charges)

    def undo(self, sent: Sent) -> None:
        """Take a delivery back."""
        scope = _scope(sent)
        self.kept[scope] = [one for one in self.kept.get(scope, []) if one.sent is not sent]

    def _coming(self, sent: Sent) -> list[Kept]:
        datasets = [(sent.dataset, sent.charges), *sent.also]
        return [self._one(sent, dataset, charges) for dataset, charges in datasets]

    def _one(self, sent: Sent, dataset: str | None, charges: tuple[Charge, ...]) -> Kept:
        self.counted += 1
        days = [_day(charge.day) for charge in charges] or [_day(1)]
        version = Version(
            id=f"delivery {self.counted:06}",
            delivered_at=sent.at,
            created_at=sent.at + timedelta(microseconds=self.counted),
            first_day=min(days),
            last_day=max(days),
            family=sent.family,
            dataset=dataset,
            batch=sent.batch,
            exported=sent.exported,
        )
        part = Part(version.id, sent.at, covering(charges, sent.provider))
        return Kept(sent, version, charges, part)

    def _judged(self, sent: Sent, coming: Sequence[Kept]) -> tuple[Findings, Elsewhere]:
        kept = self.kept.get(_scope(sent), [])
        by_id = {one.version.id: one.part for one in (*kept, *coming)}
        found = findings.find(
            [one.version for one in kept],
            [one.version for one in coming],
            [one.version.id for one in self.live(_scope(sent))],
            lambda ids: [by_id[one] for one in ids],
            {one.version.id: frozenset({f"own {one.version.id}"}) for one in coming},
        )
        return found, self._elsewhere(sent, coming, found)

    def _elsewhere(self, sent: Sent, coming: Sequence[Kept], found: Findings) -> Elsewhere:
        parts = {one.version.id: one.part for one in self.live()}
        source = Source(id=sent.source, name=sent.source, settings={elsewhere.TWINS: [*self.twins]})
        scopes = [
            Scope.model_construct(
                billing_account_id=sent.payer,
                billing_period=sent.period,
                first_day=one.version.first_day,
                last_day=one.version.last_day,
            )
            for one in coming
        ]
        return elsewhere.compare_groups(
            source,
            Staged.model_construct(family=sent.family, scopes=tuple(scopes)),
            [one.part for one in coming],
            [found.placements[one.version.id] for one in coming],
            self._groups(),
            lambda deliveries: [parts[one.id] for one in deliveries],
        )

    def _groups(self) -> Iterable[BillGroup]:
        groups: defaultdict[tuple[str, str, str, str], list[Delivery]] = defaultdict(list)
        for one in self.live():
            sent = one.sent
            payer = canonical_account(sent.payer)
            groups[sent.source, sent.source, sent.family, payer].append(
                Delivery(
                    id=one.version.id, billing_account_id=sent.payer, family=sent.family,
                    billing_period=sent.period.first, billing_period_last=sent.period.stored_last,
                    delivered_at=sent.at, first_day=one.version.first_day,
                    last_day=one.version.last_day,
                )
            )  # fmt: skip
        return [BillGroup(*key, tuple(deliveries)) for key, deliveries in groups.items()]


def _scope(sent: Sent) -> ScopeName:
    return sent.source, sent.payer, sent.period


def _asked(found: Findings, others: Elsewhere) -> list[str]:
    """Return what is asked, by kind and by what was seen."""
    asked = ["part" for _ in (*found.untold, *found.late)]
    asked += [f"{loss.aspect}: {loss.subject} {loss.amount}" for loss in found.losses]
    return asked + [question.kind.value for question in others.questions()]
