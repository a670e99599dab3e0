"""Anomalies: what was unusual, what drove it, its judgements, and detection on demand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import AfterValidator, Field

from costoptix import drafts, queue
from costoptix.access.tiers import tier_of
from costoptix.anomalies import floors, judgements, listing, service
from costoptix.anomalies.detect import MAX_LOOKBACK, MIN_LOOKBACK, THRESHOLDS
from costoptix.anomalies.dispositions import Disposition
from costoptix.anomalies.job import JOB_KIND
from costoptix.anomalies.judgements import JudgementsDraft
from costoptix.anomalies.listing import AnomalyFilters, AnomalyFiltersDraft, FloorChoice
from costoptix.anomalies.ordering import LARGEST, parse_order
from costoptix.anomalies.precision import LOOKED_BACK, precisions
from costoptix.anomalies.service import AUTOMATIC, KEPT_AT_ONCE, DetectionDraft
from costoptix.clock import utc_now, utc_today
from costoptix.errors import CostOptixError, Invalid
from costoptix.extensions import db
from costoptix.models import (
    ANOMALY_MOVES,
    OPEN_STATUSES,
    AnomalyStatus,
)
from costoptix.periods import Preset
from costoptix.web.costs.account_names import account_name
from costoptix.web.costs.questions import asker, cost_store, url_with
from costoptix.web.judgement.anomaly_wording import METHOD_TITLES, STATUS_TITLES, words
from costoptix.web.parts import forms
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.list_forms import ListAddress
from costoptix.web.parts.numbers import WrittenNumber
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.wording import preset_titles
from costoptix.written import counted

PER_PAGE = 50
OPEN_ONES, ANY = "open", "all"
SHOWN = (OPEN_ONES, *AnomalyStatus, ANY)
"""What the list can be narrowed to by status; open is what it shows at first, and all is all but
history, which is listed only when it is asked for."""

RANGES = (
    Preset.LAST_7_DAYS, Preset.LAST_30_DAYS, Preset.LAST_90_DAYS, Preset.THIS_MONTH,
    Preset.LAST_MONTH,
)  # fmt: skip

FLOOR_TITLES = {
    FloorChoice.ABOVE: "Above the floor",
    FloorChoice.BELOW: "Below the floor",
    FloorChoice.ANY: "Any impact",
}
JUDGEABLE = tuple(
    status for status in AnomalyStatus
    if any(status in following for following in ANOMALY_MOVES.values())
)  # fmt: skip
"""What people may say of anomalies."""

COLUMNS = {
    "service_name": "Service",
    "date": "Day",
    "actual": "Actual",
    "expected": "Expected",
    "impact": "Impact",
    "severity": "Severity",
    "status": "Status",
}
"""The columns of the list, each of which it can be sorted by."""

DISPOSITIONS = {
    Disposition.NEW: "new",
    Disposition.HISTORY: "history: long past",
    Disposition.KNOWN: "known",
    Disposition.MUTED: "muted: expected",
    Disposition.BELOW_FLOOR: "below the floor",
    Disposition.NOT_KEPT: "over the tier's limit",
}


def _shown(status: str) -> str:
    if status not in SHOWN:
        raise ValueError(f"it must be one of {', '.join(SHOWN)}")
    return status


class ListForm(AnomalyFiltersDraft, ListAddress):
    """Which anomalies the list shows, and which page of them."""

    endpoint = "web.anomalies"

    status: Annotated[str, AfterValidator(_shown)] = OPEN_ONES
    order_by: Annotated[str, AfterValidator(parse_order)] = LARGEST

    def asked(self) -> AnomalyFilters:
        """Return what the domain is asked for."""
        if self.status == ANY:
            return self.filters((), utc_today())
        return self.filters(
            OPEN_STATUSES if self.status == OPEN_ONES else (AnomalyStatus(self.status),),
            utc_today(),
        )


class JudgementsForm(drafts.Draft):
    """The form that judges several anomalies; what is left empty stays as it is."""

    ids: list[str] = Field(default=[])
    status: str = ""
    note: str = ""
    seen_at: str = ""

    def draft(self) -> JudgementsDraft:
        """Return what the domain is asked for.

        Raises:
            Invalid: nothing is chosen, or not what it is.
        """
        if not self.ids:
            raise Invalid("Choose the anomalies first: tick them in the list.")
        values = {name: value for name, value in self.model_dump().items() if value}
        return drafts.read(JudgementsDraft, values)


class DetectionForm(Form):
    """The form that detects on demand; what is left empty is the method's own."""

    method: str = Field(AUTOMATIC.method.value, title="Method")
    lookback_days: str = Field("", title="Look-back, days")
    threshold: WrittenNumber = Field("", title="Threshold")
    start_date: str = Field("", title="From")
    end_date: str = Field("", title="Through")
    dry_run: forms.Tick = ""
    keep: forms.Tick = ""

    def draft(self) -> DetectionDraft:
        """Return what the domain is asked for."""
        given = {name: value for name, value in self.model_dump().items() if value}
        choices = {"dry_run": bool(self.dry_run), "keep": bool(self.keep)}
        return drafts.read(DetectionDraft, given | choices)


@page("/anomalies")
def anomalies() -> ResponseReturnValue:
    """List the anomalies, the largest first; at first those that are open."""
    return _show_list()


@page("/anomalies/detect", access=Access.ADMIN, methods=("POST",))
def detect_anomalies() -> ResponseReturnValue:
    """Detect now and show what was found."""
    try:
        draft = forms.read(DetectionForm).draft()
        outcome = service.detect_on_demand(
            db.session(), current_user.organization, current_user.caller, draft, cost_store()
        )
    except CostOptixError as error:
        return _show_list(detecting=FilledForm.posted(DetectionForm, error))
    return render_template(
        "anomalies/detected.html",
        outcome=outcome,
        dry_run=draft.dry_run,
        method=METHOD_TITLES[outcome.settings.method],
        dispositions=DISPOSITIONS,
        **words(),
    )


@page("/anomalies/judge", methods=("POST",))
def judge_anomalies() -> ResponseReturnValue:
    """Judge the chosen anomalies alike; members may, too."""
    try:
        draft = _chosen().draft()
        rows = judgements.judge_all(
            db.session(), current_user.organization, current_user.caller, draft
        )
    except CostOptixError as error:
        return _show_list(error)
    flash(f"{counted(len(rows), 'anomaly')} judged.")
    return redirect(url_with("web.anomalies", list(request.args.items(multi=True))))


def _chosen() -> JudgementsForm:
    pairs = request.form.items(multi=True)
    return drafts.read_pairs(
        JudgementsForm, [pair for pair in pairs if pair[0] != forms.CSRF_FIELD], "field"
    )


def _show_list(
    error: CostOptixError | None = None, detecting: FilledForm | None = None
) -> ResponseReturnValue:
    """Show the list; ``detecting`` is the form of detection where that was refused."""
    session, organization = db.session(), current_user.organization
    form = drafts.read_pairs(ListForm, [pair for pair in request.args.items(multi=True) if pair[1]])
    filters = form.asked()
    rows = listing.list_anomalies(
        session, organization, filters, form.order_by,
        limit=PER_PAGE + 1, offset=(form.page - 1) * PER_PAGE,
    )  # fmt: skip
    body = render_template(
        "anomalies/list.html",
        rows=rows[:PER_PAGE],
        row_count=listing.count_anomalies(session, organization, filters),
        total=listing.count_anomalies(session, organization, AnomalyFilters(floor=FloorChoice.ANY)),
        form=form,
        presets=preset_titles(RANGES),
        accounts=_accounts(listing.accounts_of(session, organization), form.account),
        services=_services(listing.services_of(session, organization), form.service_name),
        precision=precisions(session, organization, asker(), utc_now()),
        looked_back=LOOKED_BACK.days,
        last=listing.last_run(session, organization),
        failed_at=queue.failed_at(session, JOB_KIND, organization.id),
        kept_per_month=tier_of(organization.tier).anomalies_per_month,
        methods=METHOD_TITLES,
        automatic=AUTOMATIC.method,
        detecting=detecting or FilledForm(DetectionForm, {"dry_run": "1"}),
        kept_at_once=KEPT_AT_ONCE,
        columns=COLUMNS,
        floors=floors.of_organization(session, organization),
        floor_titles=FLOOR_TITLES,
        judgeable=[("", "as it is"), *((s.value, STATUS_TITLES[s]) for s in JUDGEABLE)],
        judge_url=url_with("web.judge_anomalies", form.pairs()),
        max_note=judgements.MAX_NOTE,
        seen_at=max((row.judged_at or row.created_at for row in rows), default=utc_now()),
        lookbacks=(MIN_LOOKBACK, MAX_LOOKBACK),
        thresholds={METHOD_TITLES[method]: limits for method, limits in THRESHOLDS.items()},
        newer=form.url(page=str(form.page - 1)) if form.page > 1 else "",
        older=form.url(page=str(form.page + 1)) if len(rows) > PER_PAGE else "",
        error=error.sentence if error else "",
        **words(),
    )
    return forms.answer(body, detecting.error if detecting else error)


def _accounts(accounts: Iterable[str], chosen: Iterable[str]) -> list[tuple[str, str]]:
    """Offer the accounts that have anomalies, and what is chosen already, by name."""
    listed = {*accounts, *chosen}
    named = [(account, account_name(account) or account) for account in listed]
    return sorted(named, key=lambda pair: pair[1].lower())


def _services(services: Iterable[str], chosen: Iterable[str]) -> list[tuple[str, str]]:
    """Offer the services that have anomalies, and what is chosen already."""
    names = {*services, *chosen}
    return [(name, name) for name in sorted(names, key=str.lower)]
