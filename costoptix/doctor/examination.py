"""All checks, one after the other; one that fails never keeps the others from being done."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from costoptix.doctor import database, lake, machine, quota, work
from costoptix.doctor.trouble import Check, Examined, Installation, Trouble

CHECKS: Mapping[str, Check] = {
    "disk": machine.disk,
    "rights": machine.rights,
    "versions": machine.versions,
    "database": database.reachable,
    "schema": database.schema,
    "integrity": database.integrity,
    "database log": database.log_size,
    "secret key": database.secret_key,
    "quota": quota.counter,
    "clock": machine.clock,
    "audit log": database.audit_log,
    "worker": work.worker,
    "jobs": work.jobs,
    "sources": work.sources,
    "sweep": work.sweep,
    "lake": lake.folder,
    "files": lake.files,
    "extra files": lake.extra_files,
    "orphans": lake.orphan_files,
}

logger = logging.getLogger(__name__)


def examine(installation: Installation) -> Iterator[Examined]:
    """Yield what each check finds, as soon as it is done."""
    for name, check in CHECKS.items():
        yield Examined(name, tuple(_troubles(check, installation)))


def _troubles(check: Check, installation: Installation) -> Iterator[Trouble]:
    try:
        yield from check(installation)
    except Exception as error:
        logger.debug("a check failed", exc_info=True)
        reason = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
        yield Trouble(
            f"This could not be looked at: {reason or type(error).__name__}.",
            "Mend what is named before; then run doctor again.",
        )
