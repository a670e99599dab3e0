"""What changed, and why: the sentence, the parts, and what moved most."""

from __future__ import annotations

from dataclasses import replace

from flask import render_template
from flask.typing import ResponseReturnValue

from costoptix.figures import sides, summary
from costoptix.figures.completeness import compared_part
from costoptix.figures.movers import DEFAULT_RANGE
from costoptix.web.costs.account_switch import account_switch
from costoptix.web.costs.figure_questions import read_question
from costoptix.web.costs.freshness import empty_page
from costoptix.web.costs.moved import (
    compared_sides,
    first_bill_of_all,
    level_links,
    level_of,
    moved,
)
from costoptix.web.costs.questions import asker
from costoptix.web.parts.panels import panel
from costoptix.web.parts.routing import page


@page("/changes")
def changes() -> ResponseReturnValue:
    """Show why the costs of a range differ from those of the days that it is compared with."""
    question = read_question("web.changes", DEFAULT_RANGE, ("level",))
    level = level_of(question)
    ask = asker()
    days = question.query.date_range
    whole = ask(summary.asked_over(question.query, days, metric=question.metric))
    comparison = compared_sides(question, whole)
    if not whole.totals and comparison is None:
        return empty_page(question)
    return render_template(
        "costs/changes.html",
        question=question,
        as_of=whole.data_as_of,
        accounts_to_choose=account_switch(ask, question),
        compared=compared_part(whole, question.compare),
        level=level,
        levels=level_links(question),
        nothing=sides.nothing_to_compare(question.compare),
        since=first_bill_of_all(question, whole),
        explorer=replace(question, endpoint="web.costs", own=()).grouped("service_name"),
        moved=panel("what changed", lambda: moved(question, comparison)) if comparison else None,
    )
