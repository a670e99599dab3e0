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

from costoptix.errors import Invalid

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

INCOMPLETE = "The request is incomplete: not all announced bytes arrived. Send it again."


class WholeRequest(Request):
    """A request whose body is whole where it ends."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """Return the body's bytes, to be read once.

        Raises:
            RequestEntityTooLarge: its announced length is over the limit in force.
        """
        stream = super().stream
        if "wsgi.input_terminated" not in self.environ:
            return stream  # Werkzeug counts to the announced length, and so to the end
        bytes_ = cast("IO[bytes]", self.environ["wsgi.input"])
        body = Body(bytes_, self.max_content_length, self.content_length)
        return cast("IO[bytes]", body)


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
            RequestEntityTooLarge: there are more than the limit.
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
            raise RequestEntityTooLarge
        if not read and len(view) and self._count < (self._length or 0):
            raise Invalid(INCOMPLETE)
        return len(read)
