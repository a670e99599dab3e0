"""Text that is sent smaller: pages, style sheets, scripts, for browsers that say they can read it.

The API's answers stay as they are: their ETags name bytes, and most callers are on the same machine
or network. So do streams, whose readers must be able to tell that they were cut off. A page holds
a secret of the session and may repeat what an address asks for, which is what BREACH guesses from
lengths; it needs requests from another site that carry the cookie, and SameSite=Lax sends none.
"""

from __future__ import annotations

from flask import Flask, Response, request
from flask_compress import Compress

_TEXTS = [
    "text/html", "text/css", "text/plain", "text/markdown", "text/javascript", "image/svg+xml",
]  # fmt: skip


def init_app(app: Flask) -> None:
    """Compress what a browser asks for compressed."""
    app.config.from_mapping(
        COMPRESS_REGISTER=False,
        COMPRESS_MIMETYPES=_TEXTS,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br", "deflate"],  # files: the library cannot gzip those
    )
    compress = Compress(app)

    @app.after_request
    def compressed(response: Response) -> Response:
        is_stream = response.is_streamed and request.endpoint != "static"
        if is_stream or request.path.startswith("/api/"):
            return response
        file = response.response
        if hasattr(file, "close"):
            response.call_on_close(file.close)  # the library reads a file and leaves it open
        return compress.after_request(response)
