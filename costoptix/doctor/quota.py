"""The count of calls: its storage answers, and has what it counted today."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from limits.errors import StorageError

from costoptix.access import quota_storages
from costoptix.access.quota_marks import QuotaMarks
from costoptix.clock import utc_today
from costoptix.doctor.trouble import Installation, Trouble


def counter(installation: Installation) -> Iterator[Trouble]:
    """Find a counter that does not answer, or that has lost what was counted today."""
    url = installation.config.quota_url
    with closing(quota_storages.open_storage(url)) as storage:
        marks = storage.marks = QuotaMarks(installation.engine, url)
        try:
            has_lost = storage.has_lost(utc_today())
        except StorageError as error:
            yield Trouble(
                f"The counter of calls {marks.store} does not answer ({error}): calls are "
                "refused with 503.",
                "Start it, or mend COSTOPTIX_QUOTA_URL.",
            )
            return
    if has_lost:
        yield Trouble(
            f"The counter of calls {marks.store} has lost what was counted today (it was emptied, "
            "or came back without its data): calls are refused with 503.",
            "It ends at midnight UTC; to let calls through before, at most a whole day's again: "
            "flask --app app quota begin",
        )
