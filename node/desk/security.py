"""What protects the pages: headers of each response, and the checks of each request before a handler sees it.

Rules this module upholds:

- Nothing is loaded but the desk's own files; no script and no style stands in a page; a script may not make HTML from
  text but by the one policy of htmx (CSP level 3, Trusted Types).
- A request that changes something must come from a page of this desk: Sec-Fetch-Site, and the Origin.
- Nothing that a signed-in officer sees is kept in a cache.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.datastructures import Headers, MutableHeaders
    from starlette.requests import Request

NONCE_BYTES: Final = 16
HSTS_SECONDS: Final = 365 * 86_400
_NOTHING: Final = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
    "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "screen-wake-lock", "serial", "storage-access", "usb", "xr-spatial-tracking",
)  # fmt: skip
_PASSKEYS: Final = ("publickey-credentials-get=(self)", "publickey-credentials-create=(self)")
_PERMISSIONS: Final = ", ".join((*(f"{each}=()" for each in _NOTHING), *_PASSKEYS))
"""Everything is off but passkeys, by which an officer signs in."""
_SAFE: Final = frozenset({"GET", "HEAD"})
_OWN: Final = frozenset({"same-origin"})
_OWN_OR_TYPED: Final = frozenset({"same-origin", "none"})


def new_nonce() -> str:
    """A nonce for the scripts of one response."""
    return secrets.token_urlsafe(NONCE_BYTES)


def policy(nonce: str) -> str:
    """The Content-Security-Policy of a response."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            f"style-src 'nonce-{nonce}'",
            "img-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types htmx",
            "report-uri /reports/policy",
        )
    )


def protect(headers: MutableHeaders, nonce: str, *, keep: bool = False) -> None:
    """Sets the headers of a response. `keep`: it is a file of the desk that is no secret, and has a digest in its
    address.
    """
    headers["content-security-policy"] = policy(nonce)
    headers["strict-transport-security"] = f"max-age={HSTS_SECONDS}"
    headers["cross-origin-opener-policy"] = "same-origin"
    headers["cross-origin-embedder-policy"] = "require-corp"
    headers["cross-origin-resource-policy"] = "same-origin"
    headers["permissions-policy"] = _PERMISSIONS
    headers["referrer-policy"] = "same-origin"
    headers["x-content-type-options"] = "nosniff"
    headers["x-frame-options"] = "DENY"
    headers["x-robots-tag"] = "noindex"
    headers["cache-control"] = "public, max-age=31536000, immutable" if keep else "no-store"


def fault_of(request: Request, origin: str) -> str:
    """Why this request is not from a page of the desk; "" if it may go on. `origin`: the desk's own, as browsers write
    it.
    """
    headers: Headers = request.headers
    site = headers.get("sec-fetch-site", "")
    if request.method in _SAFE:
        # A link in a mail is "cross-site". The cookie is SameSite=Strict, so such a request is of nobody.
        return "" if headers.get("sec-fetch-dest", "document") in {"document", ""} or site in _OWN_OR_TYPED else "site"
    if site and site not in _OWN:
        return "site"
    if headers.get("origin", "") != origin:
        return "origin"
    return ""


def is_own_host(request: Request, hosts: frozenset[str]) -> bool:
    """Whether the request names a host of this desk: a foreign name that leads here is refused (DNS rebinding)."""
    return request.headers.get("host", "").lower() in hosts
