"""The page that tells where a submission stands, against real HTTP: whoever knows the code, and nobody else."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import ClientConnectionError, ClientResponse, ClientSession
from sqlalchemy import Connection

from bot import app
from bot.metrics import Metrics
from bot.settings import Settings
from bot.signals import Signals
from content import codes
from storage import inbox, lockouts, submissions
from storage.database import Database
from storage.submissions import Act, By, Filed, Kind, Told
from tests import make
from tests.conftest import need

DAY = 86_400_000
WRONG = "NS-000-000-0000"
UNKNOWN, SLIP, WAIT, FOUND = "không tìm thấy hồ sơ", "gõ nhầm", "chờ ít phút", "Hồ sơ NS000001"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Office:
    """A service with one submission in it, and a clock that the test sets."""

    def __init__(self, where: str, database: Database, http: ClientSession) -> None:
        self.where, self.database, self.http = where, database, http
        self.now = make.NOW
        self.conversation, self.code = 0, ""

    def file(self, db: Connection) -> None:
        incoming = make.incoming(address="author")
        inbox.keep(db, incoming, self.now, language="vi", keep_address=False)
        self.conversation = inbox.opened_by(db, incoming.channel, incoming.key) or 0
        told = Told({"what": "loimatcuatoi"}, contact="0905123456")
        due = (self.now + DAY, self.now + 5 * DAY)
        filed = Filed(
            Kind.violation, "order", 23510, 23510, False, False, True, told, "• Nội dung: loidache", *due
        )
        _, secret = submissions.open(db, self.conversation, filed, "received", self.now)
        self.code = codes.spelled(codes.make(secret))

    async def asks(self, code: str, lang: str = "vi", **headers: str) -> tuple[int, str]:
        """Status and page of a look-up."""
        async with self.http.post(
            f"{self.where}/tra-cuu?lang={lang}", data={"code": code}, headers=headers
        ) as response:
            guarded(response)
            return response.status, await response.text()

    async def hears(self, code: str, **headers: str) -> str:
        status, html = await self.asks(code, **headers)
        assert status == 200
        return html

    async def sends(self, body: bytes, headers: dict[str, str]) -> int:
        async with self.http.post(f"{self.where}/tra-cuu", data=body, headers=headers) as response:
            guarded(response)
            return response.status


def guarded(response: ClientResponse) -> None:
    """The security headers, and nothing that stays in a cache."""
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Office]:
    signals, metrics = Signals(), Metrics()
    async with AsyncExitStack() as stack:
        database = stack.enter_context(app.opened(settings, app.Watch(signals, metrics)))
        parts = await stack.enter_async_context(
            app.running(settings, make.the_catalog(), database, signals, metrics)
        )
        where = await stack.enter_async_context(app.listening(parts))
        http = await stack.enter_async_context(ClientSession())
        made = Office(where, database, http)
        parts.now = lambda: made.now
        await database.write(made.file)
        yield made


@pytest.fixture
async def office(url: str, settings: Callable[..., Settings]) -> AsyncIterator[Office]:
    async with opened(settings(url)) as made:
        yield made


@pytest.fixture
async def small(sqlite_url: str, settings: Callable[..., Settings]) -> AsyncIterator[Office]:
    """The same, where the kind of database plays no part."""
    async with opened(settings(sqlite_url)) as made:
        yield made


# what is found


@pytest.mark.parametrize(
    ("lang", "words"), [("vi", "Mã tra cứu"), ("en", "Tracking code"), ("xx", "Mã tra cứu")]
)
async def test_the_form_in_both_languages(small: Office, lang: str, words: str) -> None:
    async with small.http.get(f"{small.where}/tra-cuu", params={"lang": lang}) as response:
        html = await response.text()
        guarded(response)
    assert response.status == 200 and words in html and 'method="post"' in html
    assert 'name="code"' in html and FOUND not in html and "alert" not in html


async def test_a_code_unknown_with_a_slip_and_right(office: Office) -> None:
    bare = office.code.replace("-", "")
    slip = office.code[:-1] + ("0" if office.code[-1] != "0" else "1")
    assert UNKNOWN in await office.hears(WRONG)
    assert (
        SLIP in await office.hears(slip)
        and SLIP in await office.hears("")
        and SLIP in await office.hears("🙂")
    )
    for typed in (office.code, bare.lower(), bare[2:].lower(), f"  {office.code.replace('-', ' ')} "):
        html = await office.hears(typed)
        for words in (FOUND, "Tiếng ồn, trật tự", "Ban Chỉ đạo phong trào xã Đăk Ui", "chờ cán bộ xem",
                      "Cán bộ tiếp nhận trước", "Có kết quả trước", "Diễn biến", "Anh/chị gửi"):  # fmt: skip
            assert words in html
        for secret in ("loimatcuatoi", "loidache", "0905", office.code, bare):
            assert secret not in html
    _, english = await office.asks(office.code, "en")
    assert "NS000001" in english and "Noise and public order" in english and 'lang="en"' in english


async def test_what_has_expired_reads_exactly_as_what_never_was(office: Office) -> None:
    unknown = await office.hears(WRONG)
    assert FOUND in await office.hears(office.code)
    await office.database.write(submissions.forget, office.conversation)
    assert await office.hears(office.code) == unknown


async def test_what_staff_wrote_is_text_and_nothing_else(small: Office) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"

    def answer(db: Connection) -> None:
        submissions.tell(db, 1, Act.said, By.staff, "received", hostile, small.now)

    await small.database.write(answer)
    html = await small.hears(small.code)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt;&#34;&#39;&amp;" in html
    for typed in (hostile, f'"><script>alert(3)</script>{WRONG}'):
        html = await small.hears(typed)
        assert "alert(" not in html
    async with small.http.get(
        f"{small.where}/tra-cuu", params={"lang": hostile, "code": hostile}
    ) as response:
        assert "alert(" not in await response.text()


# who guesses


async def test_wrong_codes_lock_out_longer_each_time(office: Office) -> None:
    for _ in range(lockouts.FREE + 1):
        assert UNKNOWN in await office.hears(WRONG)
    assert WAIT in await office.hears(office.code)  # even the right one
    for wait in (lockouts.FIRST_MS, 2 * lockouts.FIRST_MS, 4 * lockouts.FIRST_MS):
        office.now += wait - 1
        assert WAIT in await office.hears(WRONG)
        office.now += 1
        assert UNKNOWN in await office.hears(WRONG)
    office.now += 8 * lockouts.FIRST_MS
    assert FOUND in await office.hears(office.code)


async def test_whoever_has_a_code_of_their_own_guesses_no_faster(small: Office) -> None:
    for _ in range(lockouts.FREE):
        assert UNKNOWN in await small.hears(WRONG)
    assert FOUND in await small.hears(small.code)
    assert UNKNOWN in await small.hears(WRONG)
    assert WAIT in await small.hears(small.code)


async def test_guesses_at_once_are_guesses_one_by_one(office: Office) -> None:
    told = await asyncio.gather(*(office.hears(WRONG) for _ in range(40)))
    assert sum(UNKNOWN in html for html in told) <= lockouts.FREE + 1


async def test_a_slip_is_no_guess(small: Office) -> None:
    for _ in range(lockouts.FREE + 5):
        assert SLIP in await small.hears("NS-000-000-0001")
    assert FOUND in await small.hears(small.code)


async def lock(office: Office, **headers: str) -> None:
    for _ in range(lockouts.FREE + 1):
        assert UNKNOWN in await office.hears(WRONG, **headers)
    assert WAIT in await office.hears(office.code, **headers)


async def test_behind_a_proxy_of_this_machine_each_address_has_its_own_wait(office: Office) -> None:
    await lock(office, **{"X-Forwarded-For": "203.0.113.7"})
    assert WAIT in await office.hears(office.code, **{"X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
    assert FOUND in await office.hears(office.code, **{"X-Forwarded-For": "203.0.113.7, 203.0.113.8"})
    assert FOUND in await office.hears(office.code)


async def test_a_proxy_may_add_a_line_of_its_own(small: Office) -> None:
    async def hears(made_up: str) -> str:
        lines = [("X-Forwarded-For", made_up), ("X-Forwarded-For", "203.0.113.7")]
        async with small.http.post(f"{small.where}/tra-cuu", data={"code": WRONG}, headers=lines) as response:
            return await response.text()

    for number in range(lockouts.FREE + 1):
        assert UNKNOWN in await hears(f"198.51.100.{number}")
    assert WAIT in await hears("198.51.100.99")


def own_address() -> str | None:
    """This machine's address on a network; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        found = str(probe.getsockname()[0])
    return None if found.startswith("127.") else found


async def test_from_anywhere_else_a_forwarded_address_counts_nothing(
    sqlite_url: str, settings: Callable[..., Settings]
) -> None:
    host = own_address()
    need(host, "a network")
    async with opened(settings(sqlite_url, service={"host": host, "port": 0})) as office:
        for number in range(lockouts.FREE + 1):
            assert UNKNOWN in await office.hears(WRONG, **{"X-Forwarded-For": f"203.0.113.{number}"})
        assert WAIT in await office.hears(office.code, **{"X-Forwarded-For": "203.0.113.99"})


# what is no form of ours


async def test_another_site_cannot_post(small: Office) -> None:
    for origin in ("https://evil.example", "null", f"{small.where}.evil.example"):
        status, html = await small.asks(small.code, Origin=origin)
        assert status == 403 and FOUND not in html
    status, html = await small.asks(small.code, Origin=small.where)
    assert status == 200 and FOUND in html


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
async def test_another_content_type_is_refused(small: Office, kind: str) -> None:
    assert await small.sends(f"code={small.code}".encode(), {"Content-Type": kind}) == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"code",
        b"code=%",
        b"code=%ff%fe%00%ed%a0%80",
        b"&&&==;;code=1&code=2",
        b"code=" + b"%F0%9F%99%82" * 5_000,
        b"code=NS" + b" " * 100_000,
    ],
)
async def test_a_strange_body_is_a_slip(small: Office, body: bytes) -> None:
    async with small.http.post(f"{small.where}/tra-cuu", data=body, headers=FORM) as response:
        guarded(response)
        assert response.status == 200 and SLIP in await response.text()


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"code=\xff\xfe", FORM["Content-Type"]), (b"code=1", FORM["Content-Type"] + "; charset=nonsense")],
)
async def test_bytes_that_are_no_text_are_a_4xx(small: Office, body: bytes, kind: str) -> None:
    assert await small.sends(body, {"Content-Type": kind}) < 500


async def test_a_huge_body_is_cut_off(small: Office) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(500):
            yield b"x" * 10_000

    try:
        async with small.http.post(
            f"{small.where}/tra-cuu", data=body(), headers={**FORM, "Expect": "100-continue"}
        ) as response:
            assert response.status == 413
    except ClientConnectionError:
        pass  # we hung up in the middle, as one may
    assert FOUND in await small.hears(small.code)


async def test_only_a_post_looks_anything_up_and_no_address_holds_a_code(small: Office) -> None:
    async with small.http.get(f"{small.where}/tra-cuu", params={"code": small.code}) as response:
        html = await response.text()
    assert FOUND not in html and small.code not in html
    for link in re.findall(r'(?:href|action|src)="([^"]*)"', await small.hears(small.code)):
        assert small.code not in link and link.startswith(("/", "?"))
    async with small.http.put(f"{small.where}/tra-cuu") as response:
        assert response.status == 405
    async with small.http.head(f"{small.where}/tra-cuu") as response:
        assert response.status == 200


async def test_no_code_is_logged(small: Office, capfd: pytest.CaptureFixture[str]) -> None:
    async with small.http.get(f"{small.where}/metrics") as response:
        before = await response.text()
    for typed in (WRONG, small.code, small.code[:-1] + "U", small.code.lower()):
        await small.hears(typed)
    async with small.http.get(f"{small.where}/metrics") as response:
        told = before + await response.text() + "".join(capfd.readouterr())
    for code in (small.code, WRONG, small.code.replace("-", ""), small.code[3:], small.code.lower()):
        assert code not in told


async def test_it_is_there_where_the_web_chat_is_switched_off(
    sqlite_url: str, settings: Callable[..., Settings]
) -> None:
    async with opened(settings(sqlite_url, channels={"webchat": {"enabled": False}})) as office:
        async with office.http.get(f"{office.where}/") as response:
            assert response.status == 404
        async with office.http.get(f"{office.where}/tra-cuu") as response:
            html = await response.text()
            assert response.status == 200
        for path in re.findall(r'(?:href|src)="(/static/[^"]*)"', html):
            async with office.http.get(office.where + path.replace("&amp;", "&")) as response:
                assert response.status == 200
        assert FOUND in await office.hears(office.code)


async def test_no_link_of_it_is_dead(sqlite_url: str, settings: Callable[..., Settings]) -> None:
    async with opened(settings(sqlite_url, channels={"webchat": {"enabled": False}})) as office:
        assert 'href="/?lang=' not in await office.hears(office.code)


@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_a_judgement_is_told_in_words(small: Office, lang: str) -> None:
    def judge(db: Connection) -> None:
        submissions.tell(db, 1, Act.judged, By.citizen, "reopened", "partly", small.now)

    await small.database.write(judge)
    _, html = await small.asks(small.code, lang)
    assert FOUND[-8:] in html and "“partly”" not in html
