"""What every answer has in common: headers, and an error that says what to do and no more."""

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bot.web.parts import parts, refusal
from storage.database import StorageDown

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    "Server": "nepsong",
    # blob: is what the page itself made: a small picture of a photo that is about to be sent
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_TOLD = {404: "error.not_found", 405: "error.method", 413: "chat.long"}

log = structlog.get_logger()


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns whatever was raised into a status and a sentence; nothing of the error itself."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return refusal(request, error.status, _TOLD.get(error.status, "error.request"), **headers)
    except StorageDown as error:
        log.error("storage down", path=_route(request), reason=str(error))
        return refusal(request, 503, "error.storage", **{"Retry-After": "2"})
    except (web.RequestPayloadError, ConnectionError):  # a body that cannot be unpacked, a line that broke
        return refusal(request, 400, "chat.unreadable")
    except Exception as error:  # the last door before a stranger sees a traceback
        parts(request).metrics.errors.labels("web", type(error).__name__).inc()
        log.error("request failed", path=_route(request), error=type(error).__name__)
        return refusal(request, 500, "error.ours")


async def headers(request: web.Request, response: web.StreamResponse) -> None:
    """The security headers, on every answer."""
    response.headers.update(HEADERS)
    if parts(request).settings.service.public_url.startswith("https"):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"


def _route(request: web.Request) -> str:
    """The route's pattern: a path may hold what a person typed."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"
