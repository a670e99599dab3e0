"""What a person reads above the answers."""

from __future__ import annotations

from decimal import Decimal

from costoptix.bills.ledger import wording
from costoptix.bills.ledger.losses import Aspect, Loss
from tests.bills.ledger.test_coverage import month, part


def test_a_part_is_named_by_its_days_and_its_money() -> None:
    assert wording.untold(part("a", month(days=range(1, 16))), 0.0) == (
        "1–15 March 2026 (150 USD) is live and not in this delivery. "
        "Is this another part (add), or does it replace that (replace)?"
    )
    assert "5 March 2026 (10 USD)" in wording.late(part("a", month(days=[5])))
    assert wording.span(part("a", month(days=[3, 9]))) == ("2026-03-03/2026-03-09",)


def test_a_part_that_comes_again_in_part_is_named_by_its_share_and_what_credits_cancel() -> None:
    rows = [*month(days=[5]), (5, "Credit", "1", -7)]
    assert wording.untold(part("a", rows), 0.3) == (
        "Of 5 March 2026 (10 − 7 USD), which is live, this delivery holds about 30% of the charges."
        " Does it replace that (replace), or is it another part (add)?"
    )


def test_losses_are_named_largest_first_and_the_rest_is_counted() -> None:
    losses = [Loss(Aspect.DAY, f"2026-03-{day:02}", "USD", Decimal(day)) for day in range(1, 10)]
    first, *_, last = wording.losses(losses)
    assert first == "Usage of 9 March 2026 would go: 9 USD."
    assert last == "And 4 more."


def test_each_kind_of_loss_has_its_words() -> None:
    sentences = wording.losses(
        [
            Loss(Aspect.CATEGORY, "Tax", "EUR", Decimal("1.5")),
            Loss(Aspect.ACCOUNT, "aws:222", "EUR", Decimal(1)),
            Loss(Aspect.CURRENCY, "EUR", "EUR", Decimal("0.5")),
        ]
    )
    assert sentences == [
        "Tax charges would go: 1.5 EUR.",
        "The account 222 would go: 1 EUR.",
        "Every charge in EUR would go: 0.5 EUR.",
    ]
