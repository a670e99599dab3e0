"""A file on its way in: the part ``file`` of a form, or the whole body. Hashed as it is read."""

from __future__ import annotations

import hashlib
from typing import Protocol

from flask import request

from costoptix.errors import Invalid, UnsupportedMediaType

FORM = "multipart/form-data"
CHUNK_BYTES = 1 << 20
FORM_OVERHEAD_BYTES = 1 << 16


class BodyStream(Protocol):
    """What bytes come from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes; none at the end."""


class Upload:
    """A file as it was sent; ``read`` gives its bytes once."""

    def __init__(self, stream: BodyStream, file_name: str, fields: list[tuple[str, str]]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256(repr((file_name, sorted(fields))).encode())
        self.file_name = file_name
        self.fields = fields

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes; none at the end."""
        chunk = self._stream.read(size)
        self._hash.update(chunk)
        return chunk

    def digest(self) -> str:
        """Read what is left, and return a digest of the file, its name and its fields."""
        while self.read(CHUNK_BYTES):
            pass
        return self._hash.hexdigest()


def open_upload(media_types: tuple[str, ...], max_bytes: int) -> Upload:
    """Open the file that the request at hand carries.

    Raises:
        UnsupportedMediaType: neither a form nor one of ``media_types``.
        Invalid: a form without exactly one part ``file``, or with another file; or, raised while
            reading, a body that is cut off.
        RequestEntityTooLarge: more than ``max_bytes`` (raised while reading, too).
    """
    if request.mimetype == FORM:
        request.max_content_length = max_bytes + FORM_OVERHEAD_BYTES
        files = list(request.files.items(multi=True))
        if [name for name, _ in files] != ["file"]:
            raise Invalid("The form must hold exactly one file, in the field named file.")
        file = files[0][1]
        return Upload(file.stream, file.filename or "", list(request.form.items(multi=True)))
    if request.mimetype not in media_types:
        allowed = ", ".join((FORM, *media_types))
        raise UnsupportedMediaType(f"Send the file as one of: {allowed}.")
    request.max_content_length = max_bytes
    return Upload(request.stream, "", [])
