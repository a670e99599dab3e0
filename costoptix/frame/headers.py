"""Headers that every response carries, pages and API alike."""

from __future__ import annotations

from flask import Flask, Response, request

from config import Config

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

ONE_YEAR = 31_536_000
HSTS = f"max-age={2 * ONE_YEAR}; includeSubDomains"


def init_app(app: Flask, config: Config) -> None:
    """Add the headers to every response, errors and static files included."""
    always = ALWAYS | ({"Strict-Transport-Security": HSTS} if config.is_https else {})

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(always)
        if request.endpoint == "static":
            _cache_static(response)
        elif response.mimetype == "text/html" or "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response


def _cache_static(response: Response) -> None:
    """Let versioned files be kept for good: a new version has a new address."""
    is_versioned = "v" in request.args or request.path.startswith("/static/fonts/")
    if is_versioned and response.status_code in (200, 304):
        response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR}, immutable"
