"""The columns that the FOCUS specification gives a closed list of values.

A value is the specification's word whatever its case, blanks and hyphens. What is no word of
it stays as it is, and is named in the notes of the import.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from costoptix.bills.formats import Unread
from costoptix.bills.formats.pairs import words
from costoptix.bills.read.columns import Coded, Rows
from costoptix.bills.read.notes import MOST_NOTES, Noted
from costoptix.lake.charges import COLUMNS

WORDS = {
    "capacity_reservation_status": ("Used", "Unused"),
    "charge_category": ("Usage", "Purchase", "Tax", "Credit", "Adjustment"),
    "charge_class": ("Correction",),
    "charge_frequency": ("One-Time", "Recurring", "Usage-Based"),
    "commitment_discount_category": ("Spend", "Usage"),
    "commitment_discount_status": ("Used", "Unused"),
    # The last two are those of 1.0-preview.
    "pricing_category": (
        "Standard", "Dynamic", "Committed", "Other", "On-Demand", "Commitment-Based",
    ),
    "service_category": (
        "AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases",
        "Developer Tools", "Identity", "Integration", "Internet of Things",
        "Management and Governance", "Media", "Migration", "Mobile", "Multicloud", "Networking",
        "Other", "Security", "Storage", "Web",
    ),
}  # fmt: skip
"""Those of FOCUS 1.0-preview to 1.4, by the column of the charge table."""

SENTENCE = "{rows} with the {column} “{value}”, which FOCUS does not know ({lines}): it is kept."

_BETWEEN = re.compile(r"[\s_-]+")


def _spelling(value: str) -> str:
    """Return a value without what spellings differ in: ``usage based`` is ``Usage-Based``."""
    return _BETWEEN.sub("", value).lower()


_SPELLINGS = {
    column: {_spelling(word): word for word in of_column} for column, of_column in WORDS.items()
}


def word(column: str, value: str | None) -> str | None:
    """Return a value of a column as the specification writes it; else as it is.

    Of a list of words, as Google writes service categories, it is the last that is one.
    """
    spellings = _SPELLINGS[column]
    if value is None or (same := spellings.get(_spelling(value))) is None:
        return _last_word(spellings, value) if value is not None and "[" in value else value
    return same


def _last_word(spellings: dict[str, str], text: str) -> str:
    try:
        of_list = [spellings.get(_spelling(value)) for value in words(text)]
    except Unread:
        return text
    return next((one for one in reversed(of_list) if one is not None), text)


def spelt(column: str, values: Coded, records: Rows) -> tuple[Coded, list[Noted]]:
    """Return a column in the words of the specification, and a note of each value that is none.

    ``records`` are the rows of the cells that its rows are of.
    """
    written = values.values.to_pylist()
    meant = [word(column, value) for value in written]
    if meant != written:
        values = values.through(pa.array(meant, pa.string()))
        meant = values.values.to_pylist()
    others = [code for code, value in enumerate(meant) if value not in (None, *WORDS[column])]
    sentence = SENTENCE.replace("{column}", COLUMNS[column].focus_name)
    return values, [
        Noted(column, sentence, records[rows], meant[code])
        for code in others[: MOST_NOTES + 1]
        if len(rows := np.flatnonzero(values.codes == code))
    ]
