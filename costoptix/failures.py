"""One thing among many that fails: its failure stays its own, and is told in words."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from costoptix.errors import CostOptixError

UNEXPECTED = "something went wrong; the error was logged"

logger = logging.getLogger(__name__)


def reason(error: Exception, thing: str) -> str:
    """Return why one thing among many failed, without a full stop; log what nobody expected.

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
    return error.sentence.rstrip(".")
