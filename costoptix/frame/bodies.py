"""Bodies of requests: read whole, or refused.

The server ends a body where the client says, by its length or by a last chunk, and hands on what
came: of a client that went away, a part. Werkzeug stops reading at the limit without a look at
whether there is more. Either would let half a form or half a bill pass for a whole one.
"""

from __future__ import annotations

from functools import cached_property
from io import RawIOBase
from typing import IO, TYPE_CHECKING, cast

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from costoptix.errors import Invalid, TooLarge

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_FORM_PARTS = 1_000
MAX_FIELD_BYTES = 500_000
UNREADABLE = "The form cannot be read: it is cut off, or a name in it is broken by a line break."
INCOMPLETE = "The request is incomplete: not all announced bytes arrived. Send it again."


class BodyTooLarge(RequestEntityTooLarge):
    """The body as a whole is over its limit; Werkzeug says the same of a form with many parts."""


class WholeRequest(Request):
    """A request whose body is whole where it ends, and a form only where it can be read."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """Return the body's bytes, to be read once.

        Raises:
            BodyTooLarge: its announced length is over the limit in force.
        """
        try:
            stream = super().stream
        except RequestEntityTooLarge as error:
            raise BodyTooLarge from error
        if "wsgi.input_terminated" not in self.environ:
            return stream  # Werkzeug counts to the announced length, and so to the end
        bytes_ = cast("IO[bytes]", self.environ["wsgi.input"])
        body = Body(bytes_, self.max_content_length, self.content_length)
        return cast("IO[bytes]", body)

    def make_form_data_parser(self) -> FormDataParser:
        """Return Werkzeug's parser, told to raise where it would hand out an empty form."""
        parser = super().make_form_data_parser()
        parser.silent = False
        return parser

    def _load_form_data(self) -> None:
        """Read the form.

        Raises:
            BodyTooLarge: the body is over its limit.
            TooLarge: it has too many parts, or a field that is no file is too long.
            Invalid: it cannot be read.
        """
        try:
            super()._load_form_data()
        except BodyTooLarge:
            raise
        except RequestEntityTooLarge:
            raise TooLarge(
                f"The form has more than {MAX_FORM_PARTS:,} parts, or a field of more than "
                f"{MAX_FIELD_BYTES:,} bytes that is no file."
            ) from None
        except (ValueError, KeyError):  # what is not UTF-8 is a ValueError too
            raise Invalid(UNREADABLE) from None
        if None in {*self.form, *self.files}:  # what Werkzeug makes of a name without its end
            raise Invalid(UNREADABLE)


class Body(RawIOBase):
    """The bytes of a body whose end the server finds, counted as they are read.

    ``most`` is the limit and ``length`` what was announced, None where neither holds.
    """

    def __init__(self, stream: IO[bytes], most: int | None, length: int | None) -> None:
        self._stream = stream
        self._most = most
        self._length = length
        self._count = 0

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer as far as bytes come; return how many, 0 at the end.

        Raises:
            BodyTooLarge: there are more than the limit.
            Invalid: the end came before the announced length, or in the midst of a chunk.
        """
        view = memoryview(buffer)
        try:
            read = self._stream.read(len(view))
        except (OSError, ValueError) as error:  # the connection broke, or a chunk has no size
            raise Invalid(INCOMPLETE) from error
        view[: len(read)] = read
        self._count += len(read)
        if self._most is not None and self._count > self._most:
            raise BodyTooLarge
        if not read and len(view) and self._count < (self._length or 0):
            raise Invalid(INCOMPLETE)
        return len(read)
