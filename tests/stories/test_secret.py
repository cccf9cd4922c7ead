"""A secret word typed in chat is in no byte of database, write-ahead log or our own log."""

from pathlib import Path

import psycopg
from sqlalchemy import Connection, select

from storage.opening import open_database
from storage.schema import metadata
from tests import make
from tests.stories.citizen import Citizen
from tests.stories.service import Service

WORD = "bimatkhongailamduoc"


async def tell(address: str) -> tuple[str, str]:
    """What must be nowhere besides: the code of what was filed, and who the browser is."""
    async with Citizen(address) as man:
        await man.says(f"tôi muốn hỏi về {WORD}")
        await man.says("góp ý")
        await man.says(f"chuyện {WORD}")
        await man.says("0905 123 456")
        await man.presses("Gửi góp ý")
        await man.says("góp ý")
        await man.says(f"còn dở {WORD}")
        await man.says("thôi")
        told = await man.says(f"tối qua nhà {WORD} ở xã Đăk Ui hát karaoke tới 1 giờ sáng, tôi tên {WORD}")
        assert "Trước khi ghi lại" in told
        for label in ("Đồng ý", "Bỏ qua", "Không có"):
            await man.presses(label)
        await man.says("0905 123 456")
        filed = await man.presses("Gửi")
        code = filed.partition("Mã tra cứu: ")[2].split()[0]
        await man.says(code)
        await man.says(f"{code[:-1]}?")
        async with man.http.post(f"{address}/tra-cuu", data={"code": code}) as response:
            assert "NS000001" in await response.text()
        return code, next(cookie.value for cookie in man.http.cookie_jar)


async def test_on_sqlite_no_file_holds_it(tmp_path: Path, free_port: int) -> None:
    service = Service("", tmp_path, free_port)
    await service.start()
    code, cookie = await tell(service.address)
    await service.kill()  # leaves the write-ahead log behind
    held = {file.name: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}  # noqa: ASYNC240  # nothing else runs
    assert len(held["nepsong.db-wal"]) > 0
    for word in (WORD, "0905 123 456", code, code.replace("-", ""), code.replace("-", "")[2:], cookie):
        assert not any(word.encode() in content for content in held.values())
        assert word.encode() not in service.log
    assert tmp_path.joinpath("keys").stat().st_mode & 0o777 == 0o600


async def test_on_postgresql_no_column_holds_it(postgres_url: str, tmp_path: Path, free_port: int) -> None:
    async with Service(postgres_url, tmp_path, free_port, NEPSONG_KEYS_RING=make.RING) as service:
        code, cookie = await tell(service.address)
    with psycopg.connect(postgres_url) as db:
        tables = [
            name for (name,) in db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        assert len(tables) >= 7
        for table in tables:
            for row in db.execute(f'SELECT * FROM "{table}"'):
                held = b"".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
                for word in (WORD, code.replace("-", "")[2:], code, cookie):
                    assert word.encode() not in held
    assert WORD.encode() not in service.log and code.encode() not in service.log


async def test_what_must_go_by_law_is_nowhere_even_with_the_key(tmp_path: Path, free_port: int) -> None:
    """A denunciation, in the open and in the middle of a draft: no column holds it once opened, either."""
    service = Service("", tmp_path, free_port, NEPSONG_KEYS_RING=make.RING)
    await service.start()
    async with Citizen(service.address) as man:
        assert "có thể là tố cáo" in await man.says(f"tôi muốn tố cáo chủ tịch xã nhận hối lộ của {WORD}")
        await man.says("góp ý")
        assert "có thể là tố cáo" in await man.says(f"tôi tố cáo ông trưởng thôn {WORD} ăn chặn tiền của dân")
        assert "gọi ngay 113" in await man.says(f"tôi muốn tố giác {WORD} buôn bán ma túy trong xóm")
    await service.kill()
    assert not any(WORD.encode() in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())  # noqa: ASYNC240  # nothing else runs
    assert WORD.encode() not in service.log
    opened = open_database(f"sqlite:///{tmp_path / 'nepsong.db'}", make.ring())
    opened.open()

    def read(db: Connection) -> bytes:
        rows = [row for table in metadata.sorted_tables for row in db.execute(select(table))]
        return b"\n".join(
            value if isinstance(value, bytes) else f"{value}".encode() for row in rows for value in row
        )

    held = opened.ask(read).result()
    opened.close()
    assert "có thể là tố cáo".encode() in held  # it was opened: our own words stand there
    assert WORD.encode() not in held
