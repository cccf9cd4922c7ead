"""python-telegram-bot's transport on aiohttp: its own, on httpx, takes several times the CPU."""

from typing import Any

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, FormData, TCPConnector
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECTIONS = 100
_JSON = {"Content-Type": "application/json"}

_encode = msgspec.json.Encoder().encode


class Transport(BaseRequest):
    """One connection pool. No exception of it carries a URL: the token stands in it."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._http: ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds."""
        return self._timeout_s

    @property
    def http(self) -> ClientSession:
        """The session; made at first use, in the loop that uses it."""
        if self._http is None or self._http.closed:
            timeout = ClientTimeout(total=self._timeout_s, sock_connect=5)
            self._http = ClientSession(connector=TCPConnector(limit=CONNECTIONS), timeout=timeout)
        return self._http

    async def initialize(self) -> None:
        """Nothing: the session is made at first use."""

    async def shutdown(self) -> None:
        """Closes the connections."""
        if self._http is not None:
            await self._http.close()

    async def quickly(self, url: str, body: bytes) -> bytes:
        """One call in JSON past the library's own wrapping, which is a third of a message's CPU (107 against
        67 µs); the answer's body. What went wrong is still the library's to tell: raises TelegramError."""
        status, told = await self._exchange("POST", url, body, _JSON, {})
        if status != 200:
            await _Told(status, told).post("")
        return told

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One call: status and body. Raises TimedOut or NetworkError, with the class of the cause."""
        body: bytes | FormData | None = None
        headers: dict[str, str] = {}
        if request_data is not None and request_data.contains_files:
            body = _form(request_data)
        elif request_data is not None:
            body, headers = _encode(request_data.parameters), _JSON
        return await self._exchange(method, url, body, headers, _patience(read_timeout))

    async def _exchange(
        self,
        method: str,
        url: str,
        body: bytes | FormData | None,
        headers: dict[str, str],
        more: dict[str, Any],
    ) -> tuple[int, bytes]:
        try:
            async with self.http.request(
                method, url, data=body, headers=headers, allow_redirects=False, **more
            ) as response:
                return response.status, await response.read()
        except TimeoutError:
            raise TimedOut from None
        except (ClientError, OSError) as error:
            raise NetworkError(type(error).__name__) from None

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The body as JSON; an error of ours names no content."""
        try:
            return msgspec.json.decode(payload, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            raise TelegramError("the provider's answer is no JSON object") from None


class _Told(Transport):
    """A call that is answered already: how the library's reading of errors is had without its sending."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(0)
        self._answer = status, body

    async def do_request(self, *_: Any, **__: Any) -> tuple[int, bytes]:
        """The answer."""
        return self._answer


def _patience(read_timeout: Any) -> dict[str, Any]:
    """The session's own time-out, unless the call says another."""
    known = isinstance(read_timeout, int | float)
    return {"timeout": ClientTimeout(total=read_timeout + 5, sock_connect=5)} if known else {}


def _form(data: RequestData) -> FormData:
    form = FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in (data.multipart_data or {}).items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form
