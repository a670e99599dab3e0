"""The page of one anomaly: what it is, why, what was said of it, and what came before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import Field

from costoptix import drafts
from costoptix.anomalies import judgements, service
from costoptix.anomalies.detect import Method
from costoptix.anomalies.dispositions import LIKENESS, rows_of, series_of
from costoptix.anomalies.drivers import Driver
from costoptix.anomalies.episodes import METRIC
from costoptix.anomalies.expectation import ExpectedDay, around
from costoptix.anomalies.judgements import JudgementDraft
from costoptix.anomalies.likeness import likeness
from costoptix.anomalies.sentence import sentence
from costoptix.charts import ExpectedBucket, StackedChart
from costoptix.errors import CostOptixError
from costoptix.extensions import db
from costoptix.figures.breakdown import breakdowns
from costoptix.models import ANOMALY_MOVES, Anomaly, AnomalyStatus
from costoptix.money import Amount, total
from costoptix.periods import DateRange, Granularity
from costoptix.web.costs.cost_charts import Note, stacked_chart
from costoptix.web.costs.questions import (
    CostQuestion,
    asker,
    cost_store,
    default_metric,
    url_with,
)
from costoptix.web.judgement.anomaly_wording import METHOD_TITLES, STATUS_TITLES, words
from costoptix.web.parts import forms
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.panels import Panel, panel
from costoptix.web.parts.routing import page
from costoptix.web.parts.wording import account_title, value_title

EARLIER_SHOWN = 5
PATTERNS_SHOWN = 4


class JudgementForm(Form):
    """The form that judges an anomaly; ``seen_at`` is when what it shows was last judged."""

    status: str = Field(title="Status")
    note: str = Field("", title="Note")
    is_expected: forms.Tick = ""
    seen_at: str = ""

    def draft(self) -> JudgementDraft:
        """Return what the domain is asked for."""
        is_expected = bool(self.is_expected)
        status = AnomalyStatus.FALSE_POSITIVE.value if is_expected else self.status
        values = {"status": status, "note": self.note, "is_expected": is_expected}
        return drafts.read(JudgementDraft, values | {"seen_at": self.seen_at or None})


@page("/anomalies/<anomaly_id>")
def anomaly_detail(anomaly_id: str) -> ResponseReturnValue:
    """Show one anomaly: figures, the days around it, drivers, judgements, the like before."""
    return _show_detail(_get(anomaly_id))


@page("/anomalies/<anomaly_id>", methods=("POST",))
def judge_anomaly(anomaly_id: str) -> ResponseReturnValue:
    """Say what an anomaly is; members may, too."""
    row = _get(anomaly_id)
    try:
        draft = forms.read(JudgementForm).draft()
        judgements.judge(db.session(), row, current_user.caller, draft)
    except CostOptixError as error:
        return _show_detail(row, FilledForm.posted(JudgementForm, error))
    flash(f"The anomaly is {STATUS_TITLES[row.status].lower()}.")
    return redirect(url_for("web.anomaly_detail", anomaly_id=anomaly_id))


def _get(anomaly_id: str) -> Anomaly:
    return service.get(db.session(), current_user.organization, anomaly_id)


def _show_detail(row: Anomaly, form: FilledForm | None = None) -> ResponseReturnValue:
    session, organization = db.session(), current_user.organization
    days = DateRange(row.first_day, row.last_day)
    query = service.subject_of_anomaly(row).query(around(days))
    explorer = CostQuestion("web.costs", query, METRIC, default_metric())
    drivers, drivers_error = service.drivers_or_error(session, organization, row, cost_store())
    expected = panel(
        "what was expected", lambda: service.days_of(session, organization, row, cost_store())
    )
    body = render_template(
        "anomalies/detail.html",
        row=row,
        days=days,
        sentence=sentence(row, drivers, account_title),
        chart=panel(
            "the days around an anomaly", lambda: _chart(explorer, row, expected.shown or [])
        ),
        expected=expected,
        restated=_restated(row, expected),
        explorer=replace(explorer, query=replace(query, granularity=Granularity.DAILY)),
        drivers=_by_dimension(drivers or ()),
        drivers_error=drivers_error,
        driver_url=lambda driver: explorer.over(days).only(driver.dimension, driver.value).url,
        method=METHOD_TITLES[Method(row.method)],
        choices=[
            (status.value, STATUS_TITLES[status])
            for status in (row.status, *ANOMALY_MOVES[row.status])
        ],
        form=form or FilledForm.of(_form(row)),
        seen_at=(row.judged_at or row.created_at).isoformat(),
        like=likeness(session, organization, row),
        earlier_shown=EARLIER_SHOWN,
        earlier_url=_earlier_url(row),
        patterns_shown=PATTERNS_SHOWN,
        likeness=LIKENESS,
        max_note=judgements.MAX_NOTE,
        **words(),
    )
    return forms.answer(body, form.error if form else None)


def _form(row: Anomaly) -> JudgementForm:
    """Return the form as it is before anything is changed."""
    ticked: forms.Tick = "1" if row.is_expected else ""
    return JudgementForm(status=row.status.value, note=row.note, is_expected=ticked)


def _by_dimension(drivers: Iterable[Driver]) -> list[tuple[str, list[Driver]]]:
    return [(name, list(rows)) for name, rows in groupby(drivers, key=lambda d: d.dimension)]


def _restated(row: Anomaly, expected: Panel[list[ExpectedDay]]) -> Amount | None:
    """Return what the bills say now that the days cost, where that is not what was judged."""
    if row.parts or not expected.shown:
        return None
    now = total([one.actual for one in expected.shown if one.is_unusual])
    return None if now == row.actual else now


def _earlier_url(row: Anomaly) -> str:
    """Return the list of the anomalies of the same services and accounts."""
    series = [series_of(part) for part in rows_of(row)]
    services = dict.fromkeys(one.service_name for one in series if one.service_name)
    pairs = [("status", "all"), ("floor", "any"), ("order_by", "-date")]
    pairs += [("account", account) for account in dict.fromkeys(one.account for one in series)]
    return url_with("web.anomalies", pairs + [("service_name", name) for name in services])


def _chart(
    explorer: CostQuestion, row: Anomaly, days: Sequence[ExpectedDay]
) -> StackedChart | None:
    """Draw the days around an anomaly; None where the bills no longer have any."""
    ask = asker()
    by_currency = breakdowns(ask, explorer.query, METRIC, Granularity.DAILY)
    through = ask(explorer.query).data_as_of.complete_through
    name = value_title(row.service_name, "service_name")
    unusual = dict.fromkeys(DateRange(row.first_day, row.last_day), Note(name))
    for breakdown in by_currency:
        if breakdown.currency == row.currency:
            chart = stacked_chart(breakdown, explorer, Granularity.DAILY, through, unusual)
            by_day = {day.day: _bucket(day) for day in days}
            buckets = tuple(by_day.get(bucket.first) for bucket in breakdown.buckets)
            return replace(chart, expected=buckets if any(buckets) else ())
    return None


def _bucket(day: ExpectedDay) -> ExpectedBucket | None:
    if day.expected is None or day.low is None or day.high is None:
        return None
    return ExpectedBucket(day.expected, day.low, day.high)
