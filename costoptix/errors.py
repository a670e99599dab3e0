"""What can go wrong, as one family: a status and a sentence that a person understands.

The domain raises these; each door has one handler that turns them into its own words.
"""

from __future__ import annotations

import errno


class CostOptixError(Exception):
    """A refusal with an HTTP status and one sentence for the person who caused it.

    Where one field of a draft is at fault, ``field`` names it and ``reason`` says what is wrong,
    without its name: a form says it beside the field, in its own words for it.
    """

    status = 500

    def __init__(
        self, sentence: str, *, retry_after: int | None = None, field: str = "", reason: str = ""
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.retry_after = retry_after
        self.field = field
        self.reason = reason


class Invalid(CostOptixError):
    """A parameter, body or file is wrong; the sentence names it and what is allowed."""

    status = 400


def wrong_field(field: str, reason: str) -> Invalid:
    """Return the refusal of one field of a draft; the reason begins small and has no full stop."""
    return Invalid(f"The field {field} is wrong: {reason}.", field=field, reason=reason)


def refused_field(field: str, sentence: str) -> Invalid:
    """Return the refusal of one field by a sentence of its own, which a form says beside it."""
    return Invalid(sentence, field=field, reason=f"{sentence[0].lower()}{sentence[1:-1]}")


class Unauthorized(CostOptixError):
    """Nobody, or nobody known, is asking."""

    status = 401


class Forbidden(CostOptixError):
    """The caller is known and may not do this; or the tier does not hold the feature."""

    status = 403


class NotFound(CostOptixError):
    """It does not exist, or belongs to another organization: the same answer for both."""

    status = 404

    def __init__(self, sentence: str = "Not found.") -> None:
        super().__init__(sentence)


class Conflict(CostOptixError):
    """The present state does not allow this."""

    status = 409


class TooLarge(CostOptixError):
    """More bytes than the installation accepts."""

    status = 413


class UnsupportedMediaType(CostOptixError):
    """The content type is not one that this operation reads."""

    status = 415


class TooManyRequests(CostOptixError):
    """A limit other than the daily quota (which Flask-Limiter raises) is used up."""

    status = 429


class Unavailable(CostOptixError):
    """A store does not answer; trying again later may work."""

    status = 503

    def __init__(
        self, sentence: str = "Service temporarily unavailable.", retry_after: int = 1
    ) -> None:
        super().__init__(sentence, retry_after=retry_after)


class NoSpace(CostOptixError):
    """The disk is full."""

    status = 507

    def __init__(self, sentence: str = "There is no space left on the server.") -> None:
        super().__init__(sentence)


HOPELESS = frozenset((errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENOENT))
"""Errors of the file system that no second try gets around: a person must do something."""


def unusable_files(error: OSError) -> str:
    """Say that the server's own files cannot be read or written, and why."""
    where = f" ({error.filename})" if isinstance(error.filename, str) else ""
    return f"The server cannot read or write its own files: {error.strerror or error}{where}."


def is_full_disk(error: BaseException) -> bool:
    """Tell whether an error of the file system or a database says that a disk is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return any(words in str(error) for words in ("disk is full", "No space left"))
