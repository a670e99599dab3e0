"""Which half of its months each file of a delivery is, where a provider writes two exports.

Azure tells a month in an actual and in an amortized export. What stands in both must count once.
"""

from __future__ import annotations

from collections.abc import Sequence

from costoptix.bills.formats import Half
from costoptix.errors import Invalid

APART = (
    "These files are of the actual and of the amortized export, and of {} it cannot be told which: "
    "send the two exports apart."
)


def tell(told: Sequence[Half | None], names: Sequence[str]) -> list[Half | None]:
    """Return the half of each file; ``told`` is what their contents tell, None where they cannot.

    Such a file goes with the only half that is told. One file that is both halves makes the others
    parts of it.

    Raises:
        Invalid: both halves are told, and a file could be of either.
    """
    found = {half for half in told if half is not None}
    if len(found) > 1 and Half.BOTH not in found:
        if None in told:
            raise Invalid(APART.format(names[told.index(None)]))
        return list(told)
    only = Half.BOTH if Half.BOTH in found else next(iter(found), None)
    return [only] * len(told)
