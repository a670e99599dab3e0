"""What wants a person: the few things that matter most, each with where it is dealt with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import url_for
from flask_login import current_user

from costoptix.access import expiring_keys
from costoptix.access.permissions import Role
from costoptix.bills.ledger import listing, questions
from costoptix.budgets.standings import ListedBudget
from costoptix.clock import utc_now
from costoptix.extensions import db
from costoptix.models import Anomaly, ApiKey, BudgetState, Channel, Import, Severity
from costoptix.notify import channels
from costoptix.web.costs.panels import Budgets, OpenAnomalies
from costoptix.web.parts.panels import Panel, panel
from costoptix.web.parts.wording import (
    METRIC_TITLES,
    SEVERITY_KINDS,
    STATE_KINDS,
    account_title,
    value_title,
)
from costoptix.written import day, money, percent

SHOWN = 5
"""How many things are shown at most."""

_BROKEN, _CRITICAL, _WAITING, _SILENT, _CLOSE, _HIGH, _SOON, _MINOR = range(8)
"""How urgent things are, the worst first: what costs money now, what holds up data or messages,
what will cost money, what can wait some days."""

_OF_BUDGETS = {BudgetState.EXCEEDED: _BROKEN, BudgetState.CRITICAL: _CLOSE}
_OF_ANOMALIES = {Severity.CRITICAL: _CRITICAL, Severity.HIGH: _HIGH}


@dataclass(frozen=True)
class Task:
    """One thing that wants a person. ``kind`` colours the badge, as elsewhere."""

    urgency: int
    badge: str
    kind: str
    title: str
    detail: str
    action: str
    href: str


@dataclass(frozen=True)
class ToDo:
    """The worst things first, and why others are not known."""

    tasks: list[Task]
    errors: list[str]


def to_do(anomalies: Panel[OpenAnomalies], budgets: Panel[Budgets]) -> ToDo:
    """Collect what wants the reader; admins are told of keys and channels, too.

    The two panels are on the page by themselves, and say there what is wrong with them.
    """
    parts = [("waiting imports", _waiting_imports)]
    if current_user.role == Role.ADMIN:
        parts += [("expiring keys", _expiring_keys), ("silent channels", _silent_channels)]
    panels = [panel(name, _listed(find)) for name, find in parts]
    tasks = [task for part in panels for task in part.shown or ()]
    tasks += _crossed_budgets(budgets.shown.shown if budgets.shown else ())
    tasks += _open_anomalies(anomalies.shown.shown if anomalies.shown else ())
    tasks.sort(key=lambda task: task.urgency)
    return ToDo(tasks[:SHOWN], [part.error for part in panels if part.error])


def _listed(find: Callable[[], Iterable[Task]]) -> Callable[[], list[Task]]:
    return lambda: list(find())


def _waiting_imports() -> Iterator[Task]:
    for row in listing.waiting(db.session(), current_user.organization, SHOWN):
        yield _waiting_import(row)


def _waiting_import(row: Import) -> Task:
    question = questions.question_of(row)
    return Task(
        _WAITING,
        "waiting",
        "warn",
        row.file_name,
        question.sentence if question else "This import waits for a decision.",
        "Answer" if current_user.role == Role.ADMIN else "See why",
        url_for("web.import_detail", import_id=row.id),
    )


def _crossed_budgets(budgets: Iterable[ListedBudget]) -> Iterator[Task]:
    for listed in budgets:
        figures, budget = listed.figures, listed.budget
        if figures is None or figures.state not in _OF_BUDGETS:
            continue
        spent, amount = (
            money(one, budget.currency) for one in (figures.current_spend, budget.amount)
        )
        yield Task(
            _OF_BUDGETS[figures.state],
            figures.state,
            STATE_KINDS[figures.state],
            budget.name,
            f"{spent} of {amount}, {percent(figures.utilization_percent)},"
            f" {METRIC_TITLES[budget.metric].lower()}",
            "See the budget",
            url_for("web.budget_detail", budget_id=budget.id),
        )


def _open_anomalies(anomalies: Iterable[Anomaly]) -> Iterator[Task]:
    for row in anomalies:
        sign = "+" if row.impact > 0 else ""
        yield Task(
            _OF_ANOMALIES.get(row.severity, _MINOR),
            row.severity,
            SEVERITY_KINDS.get(row.severity, ""),
            f"{value_title(row.service_name, 'service_name')} in {account_title(row)}",
            f"{sign}{money(row.impact, row.currency)} on {day(row.first_day)}, amortised cost",
            "Judge",
            url_for("web.anomaly_detail", anomaly_id=row.id),
        )


def _expiring_keys() -> Iterator[Task]:
    for key in expiring_keys.expiring(db.session(), current_user.organization, SHOWN):
        yield _expiring_key(key)


def _expiring_key(key: ApiKey) -> Task:
    left = key.expires_at - utc_now() if key.expires_at else timedelta(0)
    days = left.days
    return Task(
        _SOON if days else _SILENT,
        "expires",
        "warn",
        f"{key.name} ({key.prefix}…)",
        f"The API key expires in {days} day{'s' if days > 1 else ''}."
        if days
        else "The API key expires within a day.",
        "Rotate",
        url_for("web.confirm_rotation", key_id=key.id),
    )


def _silent_channels() -> Iterator[Task]:
    for channel in channels.switched_off_by_itself(db.session(), current_user.organization):
        yield _silent_channel(channel)


def _silent_channel(channel: Channel) -> Task:
    return Task(
        _SILENT,
        "switched off",
        "up",
        channel.name,
        "The channel is switched off: nothing arrives there.",
        "See why",
        url_for("web.channel", channel_id=channel.id),
    )
