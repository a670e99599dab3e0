"""The kinds of events that channels can be told of: the one table.

Whoever raises an event (``events.raise_once``) of a new kind adds its row here: what it is called,
how it is said, where it leads and what a filter may ask of it. It is then chosen on the page and in
the API, sent to every platform and documented, without a change anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from costoptix.clock import parse_instant
from costoptix.money import exact
from costoptix.notify import report_words
from costoptix.notify.facts import NO_FACTS, Facts, facts_of_anomaly, facts_of_budget
from costoptix.notify.notification import MessageSection, NamedAmount, Tone
from costoptix.periods import DateRange
from costoptix.written import MINUS, counted, day, money, percent, range_title

Data = Mapping[str, Any]
"""The data of an event: JSON values, amounts as text."""


@dataclass(frozen=True)
class Wording:
    """An event in words: ``path`` is the page of what it is about, on this installation."""

    title: str
    sentence: str
    path: str
    amounts: tuple[NamedAmount, ...] = ()
    sections: tuple[MessageSection, ...] = ()


@dataclass(frozen=True)
class EventKind:
    """A kind of event: how it is called and said.

    ``describe`` puts an event's data into words; ``facts`` are what filters of channels ask. One
    that ``is_always_sent`` is not chosen: every channel is told.
    """

    name: str
    title: str
    tone: Tone
    describe: Callable[[Data], Wording]
    facts: Callable[[Data], Facts] = lambda _data: NO_FACTS
    is_chosen_at_first: bool = True
    is_always_sent: bool = False


def _budget(word: str) -> Callable[[Data], Wording]:
    def describe(data: Data) -> Wording:
        currency = data["currency"]
        spent = _amount("Spent", data["current_spend"], currency)
        planned = _amount("Budget", data["budget_amount"], currency)
        predicted = _amounts(("Predicted", data.get("predicted_spend"), currency))
        account = f", in {data['account']}" if data.get("account") else ""
        days = DateRange(
            date.fromisoformat(data["period_start"]), date.fromisoformat(data["period_end"])
        )
        share = data.get("utilization_percent")
        sentence = (
            f"“{data['budget_name']}” has spent {spent.text} of {planned.text}"
            f"{'' if share is None else f' ({percent(exact(share))})'} in {range_title(days)}"
            f"{account}, with {counted(data['days_remaining'], 'day')} to go"
            f"{''.join(f'; {one.text} is predicted' for one in predicted)}."
        )
        path = f"/budgets/{data['budget_id']}"
        title = f"Budget {word}: {data['budget_name']}"
        return Wording(title, sentence, path, (spent, planned, *predicted))

    return describe


def _anomaly(data: Data) -> Wording:
    impact = _amount("Impact", data["impact"], data["currency"])
    more = "less" if impact.amount < 0 else "more"
    sentence = (
        f"{_series(data)} cost {money(abs(impact.amount), impact.currency)} {more} than expected "
        f"{_days(data)}: {_against(data)}."
    )
    title = f"Anomaly ({data['severity']}): {data.get('service_name') or 'no service'}"
    return Wording(title, sentence + _drivers(data), f"/anomalies/{data['anomaly_id']}", (impact,))


def _anomaly_ended(data: Data) -> Wording:
    impact = _amount("Impact", data["impact"], data["currency"])
    if data.get("is_withdrawn"):
        sentence = f"{_series(data)} is as expected: restated bills no longer show the anomaly."
        path = "/anomalies"
    else:
        sentence = (
            f"{_series(data)} is no longer unusual. The anomaly {_days(data)} came to "
            f"{_signed(impact)}: {_against(data)}."
        )
        path = f"/anomalies/{data['anomaly_id']}"
    title = f"Anomaly ended: {data.get('service_name') or 'no service'}"
    return Wording(title, sentence, path, (impact,))


def _import(word: str) -> Callable[[Data], Wording]:
    def describe(data: Data) -> Wording:
        title = f"Import {word}: {data['file_name']}"
        return Wording(title, data["sentence"], f"/imports/{data['import_id']}")

    return describe


def _restated(data: Data) -> Wording:
    periods = data["periods"]
    amounts = tuple(
        NamedAmount(period["billing_period"], exact(period["change"]), period["currency"])
        for period in periods
    )
    changes = ", ".join(f"{one.label} by {_signed(one)}" for one in amounts)
    sentence = (
        f"“{data['file_name']}” restates {counted(len(periods), 'billing period')}: {changes}."
    )
    title = f"Bills restated: {data['source']}"
    return Wording(title, sentence, f"/imports/{data['import_id']}/changes", amounts)


def _key_expiring(data: Data) -> Wording:
    expires_at = parse_instant(data["expires_at"])
    sentence = (
        f"The API key “{data['name']}” ({data['prefix']}…) stops working on "
        f"{day(expires_at.date())} at {expires_at:%H:%M} UTC. Rotate it before then."
    )
    return Wording(f"API key expires: {data['name']}", sentence, "/settings/api-keys")


def _report(word: str) -> Callable[[Data], Wording]:
    def describe(data: Data) -> Wording:
        return Wording(
            report_words.title_of(word, data), data["sentence"], data["path"],
            report_words.amounts_of(data), report_words.sections_of(data),
        )  # fmt: skip

    return describe


def _channel(word: str) -> Callable[[Data], Wording]:
    def describe(data: Data) -> Wording:
        path = f"/settings/notifications/{data['channel_id']}"
        return Wording(f"Channel {word}: {data['channel_name']}", data["sentence"], path)

    return describe


def _test(data: Data) -> Wording:
    sentence = (
        f"This is a test of the channel “{data['channel_name']}”: it reaches you. Events that you "
        "chose will come like this."
    )
    return Wording("Test message", sentence, f"/settings/notifications/{data['channel_id']}")


TEST = "channel.test"
DISABLED = "channel.disabled"
FAILING = "channel.failing"

KINDS: dict[str, EventKind] = {
    kind.name: kind
    for kind in (
        EventKind(
            "budget.warning", "A budget reaches its warning threshold", Tone.WARNING,
            _budget("warning"), facts_of_budget,
        ),
        EventKind(
            "budget.critical", "A budget reaches its critical threshold", Tone.CRITICAL,
            _budget("critical"), facts_of_budget,
        ),
        EventKind(
            "budget.exceeded", "A budget is exceeded", Tone.CRITICAL,
            _budget("exceeded"), facts_of_budget,
        ),
        EventKind(
            "anomaly.detected", "An anomaly is found", Tone.WARNING, _anomaly, facts_of_anomaly,
        ),
        EventKind(
            "anomaly.ended", "An anomaly ends", Tone.GOOD, _anomaly_ended, facts_of_anomaly,
            is_chosen_at_first=False,
        ),
        EventKind(
            "import.waiting", "An import waits for a decision", Tone.WARNING, _import("waits"),
        ),
        EventKind("import.refused", "An import is refused", Tone.WARNING, _import("refused")),
        EventKind(
            "import.restated", "A month that was over is restated", Tone.INFO, _restated,
        ),
        EventKind("key.expiring", "An API key expires within a week", Tone.WARNING, _key_expiring),
        EventKind(
            "report.weekly", "The weekly report", Tone.INFO, _report("Weekly"),
            is_chosen_at_first=False,
        ),
        EventKind(
            "report.monthly", "The monthly report", Tone.INFO, _report("Monthly"),
            is_chosen_at_first=False,
        ),
        EventKind(
            FAILING, "Another channel fails", Tone.WARNING, _channel("fails"), is_always_sent=True,
        ),
        EventKind(
            DISABLED, "Another channel is switched off", Tone.CRITICAL, _channel("switched off"),
            is_always_sent=True,
        ),
        EventKind(TEST, "A test message", Tone.INFO, _test, is_always_sent=True),
    )
}  # fmt: skip
"""By name."""

CHOICES: dict[str, EventKind] = {
    name: kind for name, kind in KINDS.items() if not kind.is_always_sent
}
"""What a channel chooses from, in the order in which it is offered."""


def _amount(label: str, text: str, currency: str) -> NamedAmount:
    return NamedAmount(label, exact(text), currency)


def _amounts(*parts: tuple[str, str | None, str]) -> tuple[NamedAmount, ...]:
    """Return the amounts that there are."""
    return tuple(_amount(label, text, currency) for label, text, currency in parts if text)


def _signed(amount: NamedAmount) -> str:
    return amount.text if amount.text.startswith(MINUS) else f"+{amount.text}"


def _series(data: Data) -> str:
    return f"{data.get('service_name') or 'What has no service'} in {data['account']}"


def _days(data: Data) -> str:
    first = date.fromisoformat(data["date"])
    last = date.fromisoformat(data.get("end_date") or data["date"])
    return f"on {day(first)}" if first == last else f"in {range_title(DateRange(first, last))}"


def _against(data: Data) -> str:
    currency = data["currency"]
    actual, expected = (money(exact(data[name]), currency) for name in ("actual", "expected"))
    return f"{actual} instead of {expected}"


def _drivers(data: Data) -> str:
    drivers = [one.get("words") or one["value"] for one in data.get("drivers", ())]
    named = [driver for driver in drivers if driver][:3]
    return f" Mostly: {', '.join(named)}." if named else ""
