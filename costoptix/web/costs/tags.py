"""Tags: how much of the costs carries which, what lacks them, and what is likely one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import ClassVar, Literal
from urllib.parse import urlencode

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix import drafts
from costoptix.clock import utc_today
from costoptix.costs.answers import CostRow
from costoptix.costs.query import TAG_PREFIX, CostQuery
from costoptix.costs.report import dimension_names
from costoptix.errors import NotFound
from costoptix.extensions import db
from costoptix.figures.breakdown import amount_of
from costoptix.lake.tag_rules import read_tag_rules
from costoptix.money import Amount, to_text
from costoptix.periods import Preset, resolve_preset
from costoptix.tags.coverage import UNTAGGED_BY, Tags
from costoptix.tags.listing import count_rules
from costoptix.tags.near_duplicates import NearDuplicate
from costoptix.web.costs.account_names import number_title
from costoptix.web.costs.questions import Pairs, cost_store, url_with
from costoptix.web.parts.display import guarded
from costoptix.web.parts.list_forms import ListAddress
from costoptix.web.parts.routing import page, web
from costoptix.web.parts.wording import value_title

ACCOUNT = "sub_account_id"
PER_PAGE = 50
WORST = 10
SHOWN_ALIKE = 20


class TagsAddress(ListAddress):
    """Which days the page of all tags is about, and how its keys are sorted."""

    endpoint: ClassVar[str] = "web.tags"

    order_by: Literal["cost", "-cost", "key", "-key"] = "-cost"
    range: Preset = Preset.LAST_6_MONTHS


class TagAddress(TagsAddress):
    """The same of one key: its values are sorted by the same words."""

    key: str = ""

    def url(self, **changes: str | None) -> str:
        """Return the address of the page with some choices changed."""
        changed = [(name, value) for name, value in changes.items() if value]
        pairs = [pair for pair in self.pairs(*changes) if pair[0] != "key"] + changed
        return tag_url(self.key, pairs)


@page("/tags")
def tags() -> ResponseReturnValue:
    """Show how much of the costs carries which key, and keys that are likely one."""
    address = drafts.read_pairs(TagsAddress, _given())
    asked = _tags(address.range)
    start = (address.page - 1) * PER_PAGE
    shown = asked.keys(
        address.order_by.removeprefix("-"), descending=address.order_by.startswith("-"),
        limit=PER_PAGE, offset=start,
    )  # fmt: skip
    return render_template(
        "tags/list.html",
        form=address,
        metric=asked.metric,
        days=asked.query.date_range,
        keys=shown.keys,
        row_count=shown.row_count,
        any=asked.any(),
        alike=asked.alike_keys()[:SHOWN_ALIKE],
        rule_count=count_rules(db.session(), current_user.organization),
        newer=address.url(page=str(address.page - 1)) if address.page > 1 else "",
        older=address.url(page=str(address.page + 1)) if start + PER_PAGE < shown.row_count else "",
    )


@page("/tags/<tag_key:key>")
def tag_detail(key: str) -> ResponseReturnValue:
    """Show the values of a key, and what lacks it, the worst first."""
    address = _tag_address(key)
    asked = _tags(address.range)
    order = address.order_by
    rows = asked.values(
        address.key, order.removeprefix("-"), descending=order.startswith("-"),
        limit=address.page * PER_PAGE,
    )  # fmt: skip
    return render_template(
        "tags/detail.html",
        form=address,
        key=address.key,
        metric=asked.metric,
        days=asked.query.date_range,
        coverage=asked.of_key(address.key),
        values=[(row, _cost(row, asked)) for row in rows.rows],
        row_count=rows.row_count,
        more=address.url(page=str(address.page + 1)) if rows.next_cursor else "",
        untagged={
            by: [
                (_name(UNTAGGED_BY[by], row), row.currency, _cost(row, asked))
                for row in asked.untagged_by(address.key, by, WORST).rows
            ]
            for by in UNTAGGED_BY
        },
        alike=asked.alike_values(address.key)[:SHOWN_ALIKE],
        csv_url=url_with_key("web.tag_untagged_csv", address),
    )


@page("/tags/<tag_key:key>/untagged.csv")
def tag_untagged_csv(key: str) -> ResponseReturnValue:
    """Send what lacks a key, resource by resource, for those who must tag it."""
    address = _tag_address(key)
    asked = _tags(address.range)
    by = UNTAGGED_BY["resources"]
    rows = asked.untagged_by(address.key, "resources", None).rows
    return Response(
        _lines([*by, "currency", asked.metric], ((row, _cost(row, asked)) for row in rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="untagged.csv"'},
    )


@web.app_template_global()
def tag_url(key: str, pairs: Pairs | None = None) -> str:
    """Return the address of the page of a key."""
    address = url_for("web.tag_detail", key=key)
    return f"{address}?{urlencode(pairs)}" if pairs else address


@web.app_template_global()
def value_url(key: str, value: str | None, address: TagAddress) -> str:
    """Return the address of the explorer on what carries a value, or on what lacks the key."""
    asked = [("range", address.range.value), ("granularity", "monthly")]
    return url_with(
        "web.costs", [*asked, ("group_by", "service_name"), (TAG_PREFIX + key, value or "")]
    )


@web.app_template_global()
def rule_url(key: str | None, one: NearDuplicate) -> str:
    """Return the address of the form of a rule that would make names one."""
    pairs = [("key", key)] if key is not None else []
    return url_with(
        "web.new_tag_rule", [*pairs, *(("from", name) for name in one.others), ("to", one.to)]
    )


def url_with_key(endpoint: str, address: TagAddress) -> str:
    """Return an address about a key over the days of another."""
    return url_for(endpoint, key=address.key, range=address.range.value)


def _tag_address(key: str) -> TagAddress:
    """Read the address of a key, by the name that it is called.

    Raises:
        NotFound: no charge has it.
    """
    called = read_tag_rules(db.session(), current_user.organization.id).key(key)
    names = dimension_names(db.session(), current_user.organization, cost_store())
    if TAG_PREFIX + called not in names:
        raise NotFound
    given = [pair for pair in _given() if pair[0] != "key"]
    return drafts.read_pairs(TagAddress, [*given, ("key", called)])


def _given() -> Pairs:
    return [pair for pair in request.args.items(multi=True) if pair[1]]


def _tags(preset: Preset) -> Tags:
    query = CostQuery(resolve_preset(preset, utc_today()), preset=preset)
    organization = current_user.organization
    return Tags(db.session(), organization, query, organization.metric, cost_store())


def _cost(row: CostRow, asked: Tags) -> Amount:
    return amount_of(row, asked.metric) or Amount(0)


def _name(dimensions: tuple[str, ...], row: CostRow) -> str:
    """Return what a row is about, without its provider; accounts by their names."""
    titles = {
        dimension: value_title(value, dimension)
        for dimension, value in zip(dimensions[1:], row.group[1:], strict=True)
    }
    account = row.group[dimensions.index(ACCOUNT)] if ACCOUNT in titles else None
    if account is not None:
        titles[ACCOUNT] = number_title(account)
    return " · ".join(titles.values())


def _lines(header: list[str], rows: Iterator[tuple[CostRow, Amount]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    for row, cost in rows:
        writer.writerow([*(guarded(cell or "") for cell in row.group), row.currency, to_text(cost)])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()
