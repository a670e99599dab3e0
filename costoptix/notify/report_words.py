"""Reports in words: the sentence, and the sections under it. Pure, from the data of the event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from costoptix.figures.parts import PART_TITLES
from costoptix.money import exact
from costoptix.notify.notification import MessageSection, NamedAmount
from costoptix.periods import DateRange
from costoptix.written import MINUS, money, percent, range_title

Data = Mapping[str, Any]
Lines = tuple[tuple[str, str], ...]


def title_of(word: str, data: Data) -> str:
    """Return the title: ``Weekly report: 9–15 Mar 2026``."""
    about = [data["view"]["name"]] if "view" in data else []
    if "start_date" in data:
        about.append(range_title(_days(data["start_date"], data["end_date"])))
    return f"{word} report: {', '.join(about)}" if about else f"{word} report"


def sentence_of(data: Data) -> str:
    """Say what the period cost, against what, and by what it changed most; then what is missing."""
    title = range_title(_days(data["start_date"], data["end_date"]))
    if not data["costs"]:
        return f"No costs are known of {title}.{_missing(data)}"
    main = data["costs"][0]
    spent = money(_amount(main["amount"]), main["currency"])
    reasons = "".join(
        f" {why['sentence']}" for why in data["why"] if why["currency"] == main["currency"]
    )
    return f"{title} cost {spent}.{reasons}{_missing(data)}"


def amounts_of(data: Data) -> tuple[NamedAmount, ...]:
    """Return what the period cost, by currency."""
    return tuple(
        NamedAmount("Cost", exact(one["amount"]), one["currency"])
        for one in data.get("costs", ())
        if one["amount"] is not None
    )


def sections_of(data: Data) -> tuple[MessageSection, ...]:
    """Return the sections that have something to say."""
    sections = (
        MessageSection("Rows", tuple(_row_lines(data))),
        MessageSection("What the change is made of", tuple(_part_lines(data))),
        MessageSection("Largest changes", tuple(_change_lines(data))),
        MessageSection("Budgets", tuple(_budget_lines(data))),
        MessageSection("Anomalies", tuple(_finding_lines(data))),
        MessageSection("Ahead", tuple(_forecast_lines(data))),
    )
    return tuple(section for section in sections if section.lines)


def _missing(data: Data) -> str:
    missing = data.get("missing")
    if missing is None:
        return ""
    days = range_title(_days(missing["start_date"], missing["end_date"]))
    return f" Bills of {days} are not all in yet, so that these figures will grow."


def _row_lines(data: Data) -> Iterator[tuple[str, str]]:
    for row in data.get("rows", ()):
        amount = _amount(row["amount"])
        yield row["label"], "unknown" if amount is None else money(amount, row["currency"])


def _part_lines(data: Data) -> Iterator[tuple[str, str]]:
    for why in data.get("why", ()):
        for name, title in PART_TITLES.items():
            if name in why["parts"]:
                amount = {"change": why["parts"][name], "currency": why["currency"]}
                yield title, _signed(amount)


def _change_lines(data: Data) -> Iterator[tuple[str, str]]:
    for one in data.get("changes", ()):
        now, before = (money(exact(one[side]), one["currency"]) for side in ("compared", "before"))
        yield _service(one), f"{_signed(one)} ({before} → {now})"


def _budget_lines(data: Data) -> Iterator[tuple[str, str]]:
    for budget in data.get("budgets", ()):
        currency = budget["currency"]
        planned = money(exact(budget["budget_amount"]), currency)
        if budget["current_spend"] is None:
            yield budget["budget_name"], f"not computed yet, of {planned}"
            continue
        spent = money(exact(budget["current_spend"]), currency)
        used = budget["utilization_percent"]
        used = "" if used is None else f" ({percent(exact(used))})"
        yield budget["budget_name"], f"{budget['state']}, {spent} of {planned}{used}"


def _finding_lines(data: Data) -> Iterator[tuple[str, str]]:
    for finding in data.get("findings", ()):
        days = range_title(_days(finding["date"], finding["end_date"]))
        impact = {"change": finding["impact"], "currency": finding["currency"]}
        name = f"{_service(finding)} in {finding['account_name'] or finding['account']}"
        yield name, f"{_signed(impact)}, {finding['severity']}, {days}, {finding['status']}"


def _forecast_lines(data: Data) -> Iterator[tuple[str, str]]:
    for ahead in data.get("forecast", ()):
        month = date.fromisoformat(f"{ahead['month']}-01")
        expected, low, high = (
            money(_amount(ahead[name]), ahead["currency"]) for name in ("expected", "low", "high")
        )
        yield f"{month:%B %Y}", f"{expected} expected, from {low} to {high}"


def _service(named: Data) -> str:
    return named["service_name"] or "What has no service"


def _signed(changed: Data) -> str:
    text = money(exact(changed["change"]), changed["currency"])
    return text if text.startswith(MINUS) else f"+{text}"


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else exact(text)


def _days(first: str, last: str) -> DateRange:
    return DateRange(date.fromisoformat(first), date.fromisoformat(last))
