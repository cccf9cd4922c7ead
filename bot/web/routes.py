"""Every address of the service, and who may use it. What is not in this list does not exist."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import Struct

from bot.web import chat, files, health, hooks, middleware, pages, track
from bot.web.parts import PARTS, Parts


class Route(Struct, frozen=True):
    """One address."""

    method: str
    path: str
    who: str
    "anyone: no secret asked; provider: shows the secret it was told; visitor: answers for the cookie's conversation only; operator: not for the public net"
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]


CHAT = (
    Route("GET", "/", "anyone", pages.chat),
    Route("POST", "/chat/messages", "anyone", chat.post),
    Route("GET", "/chat/messages", "visitor", chat.messages),
    Route("POST", "/chat/files", "anyone", files.post),
    Route("GET", "/chat/events", "visitor", chat.events),
    Route("POST", "/chat/forget", "visitor", chat.forget_me),
)
HOOKS = (Route("POST", "/hooks/{channel}", "provider", hooks.post),)
ALWAYS = (
    Route("GET", "/static/{name}", "anyone", pages.static),
    Route("GET", "/tra-cuu", "anyone", track.form),
    Route("POST", "/tra-cuu", "anyone", track.look),
    Route("GET", "/healthz", "operator", health.healthz),
    Route("GET", "/readyz", "operator", health.readyz),
    Route("GET", "/metrics", "operator", health.metrics),
)


def application(parts: Parts) -> web.Application:
    """The web application with the routes that the settings switch on."""
    app = web.Application(client_max_size=chat.LONGEST_BODY, middlewares=[middleware.errors])
    app[PARTS] = parts
    app.on_response_prepare.append(middleware.headers)
    chats = CHAT if parts.settings.channels.webchat.enabled else ()
    posted = HOOKS if any(not channel.polled for channel in parts.hearing.values()) else ()
    for route in (*chats, *posted, *ALWAYS):
        if route.method == "GET":  # monitors ask with HEAD; a stream has no end that HEAD could wait for
            app.router.add_get(route.path, route.handler, allow_head=route.handler is not chat.events)
        else:
            app.router.add_route(route.method, route.path, route.handler)
    return app
