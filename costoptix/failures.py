"""One thing among many that fails: its failure stays its own, and is described in words."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from costoptix.errors import CostOptixError

NOT_COMPUTED = "cannot be computed: "
"""How the error of one thing among many begins, at every door; its reason follows."""

UNEXPECTED = "something went wrong; the error was logged"

logger = logging.getLogger(__name__)


def reason(error: Exception, thing: str) -> str:
    """Return why one thing among many failed, to follow ``NOT_COMPUTED``; log it.

    ``thing`` names it in the log.

    Raises:
        Exception: the error itself, where it is not the thing's own: a database that does not
            answer or a full disk would fail the next one as well, and trying again may help.
    """
    if isinstance(error, SQLAlchemyError):
        raise error
    if not isinstance(error, CostOptixError):
        logger.error("%s failed", thing, exc_info=error)
        return UNEXPECTED
    if error.status >= 500:
        raise error
    logger.warning("%s failed: %s", thing, error.sentence)
    return f"{error.sentence[0].lower()}{error.sentence[1:].rstrip('.')}"
