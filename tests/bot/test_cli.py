import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.stories.service import ROOT, Service


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service("", tmp_path, 0)


async def test_talk_prints_the_answer_and_exits(service: Service) -> None:
    code, out, err = await service.command("talk", "tieu chi gia dinh van hoa la j")
    assert code == 0 and err == ""
    assert "ba nhóm tiêu chí" in out and "Nghị định 86/2023/NĐ-CP" in out and "30/01/2024" in out


async def test_talk_goes_on_line_by_line(service: Service) -> None:
    code, out, _ = await service.command("talk", said="góp ý\nhay lắm\n2\ngửi góp ý\n")
    assert code == 0 and "Cảm ơn anh/chị đã giúp" in out
    _, out, _ = await service.command("feedback", "--json")
    assert [row["what"] for row in json.loads(out)] == ["hay lắm"]


async def test_talk_while_the_service_runs_is_answered_by_it(tmp_path: Path, free_port: int) -> None:
    async with Service("", tmp_path, free_port) as service:
        code, out, _ = await service.command("talk", "vứt rác bị phạt bao nhiêu")
    assert code == 0 and "Nghị định 45/2022" in out


async def test_understand_tells_everything(service: Service) -> None:
    said = '{"text": "vut rac phat bn"}\n\n{"text": "how do I report noise next door?", "lang": "en"}\n'
    code, out, _ = await service.command("understand", said=said)
    first, second = (json.loads(line) for line in out.splitlines())
    assert code == 0
    assert (
        first["intent"] == "ask" and first["entry"]["key"] == "vut-rac-muc-phat" and 0.5 < first["score"] <= 1
    )
    assert first["theme"] == "environment" and first["runners_up"] and "1 đến 2 triệu" in first["answer"]
    assert (
        second["entry"]["title"] == "Noisy neighbour: whom to tell" and "commune police" in second["answer"]
    )
    assert set(first) >= {"unit", "moment", "code"}


async def test_understand_names_a_broken_line_and_goes_on(service: Service) -> None:
    code, out, _ = await service.command("understand", said='{"txt": 1}\n{"text": "menu"}\n')
    first, second = (json.loads(line) for line in out.splitlines())
    assert code == 1 and "line 1" in first["error"] and second["intent"] == "other"


@pytest.mark.parametrize("said", ["[" * 100_000, '{"text": "\udcff"}'])
async def test_understand_survives_what_is_no_json(service: Service, said: str) -> None:
    code, out, err = await service.command("understand", said=said)
    assert code == 1 and "line 1" in json.loads(out)["error"] and err == ""


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:////nowhere/at/all/x.db",
        "postgresql://nobody@127.0.0.1:9/x",
        "postgresql:///x?foo=bar",
    ],
)
async def test_a_database_that_cannot_be_is_one_sentence(tmp_path: Path, url: str) -> None:
    code, _, err = await Service(url, tmp_path, 0).command("migrate")
    assert code == 1 and "Traceback" not in err and len(err.splitlines()) == 1


async def test_routes_say_who_may(service: Service) -> None:
    _, out, _ = await service.command("routes", "--json")
    rows = json.loads(out)
    assert {"path": "/chat/messages", "method": "POST", "who": "anyone"} in rows
    assert {row["who"] for row in rows} == {"anyone", "provider", "visitor", "operator"}


async def test_what_only_reads_makes_no_database(service: Service, tmp_path: Path) -> None:
    code, _, err = await service.command("queues")
    assert code == 1 and "nepsong serve" in err and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240  # nothing else runs


async def test_queues_of_a_new_database_are_empty(service: Service) -> None:
    await service.command("migrate")
    _, out, _ = await service.command("queues", "--json")
    queues = json.loads(out)
    assert queues["inbox"] == {"waiting": 0, "parked": 0}
    assert queues["outbox"] == {"waiting": 0, "sending": 0, "held": 0}


async def test_check_is_content(service: Service) -> None:
    code, out, _ = await service.command("check")
    assert code == 0 and "entries" in out


async def test_three_broken_files_are_three_lines(tmp_path: Path) -> None:
    for room in ("bot", "handlers", "content", "storage"):
        shutil.copytree(ROOT / room, tmp_path / room)
    shutil.copy(ROOT / "config.toml", tmp_path)
    entry = sorted((tmp_path / "content/knowledge").glob("*.md"))[0]
    entry.write_text(entry.read_text().replace('theme = "', 'theme = "no-'))
    themes = tmp_path / "content/themes.toml"
    themes.write_text(themes.read_text() + '[empty]\nvi = ""\nen = "x"\n')
    po = tmp_path / "content/locales/en/messages.po"
    po.write_text(po.read_text().replace('msgid "menu.open"', 'msgid "menu.opened"'))
    service = Service("", tmp_path / "data", 0)
    service.root = tmp_path
    code, out, err = await service.command("check")
    assert code == 1 and err == ""
    lines = out.splitlines()
    assert {line.split(":")[0] for line in lines} == {
        f"knowledge/{entry.name}",
        "themes.toml",
        "locales/en/messages.po",
        "locales/vi/messages.po",
    }


@pytest.mark.parametrize("arguments", [(), ("nothing",), ("talk", "--lang", "fr")])
async def test_a_wrong_call_is_exit_2(service: Service, arguments: tuple[str, ...]) -> None:
    code, _, err = await service.command(*arguments)
    assert code == 2 and "usage" in err


# what is reported

TOLD = "tối qua nhà ông Nam ở thôn 3 xã Đăk Ui hát karaoke tới 1 giờ sáng, số 0905 123 456"
REPORT = f"{TOLD}\nđồng ý\nbỏ qua\nkhông có\n0905 777 888\ngửi\n"


async def test_places_line_by_line(service: Service) -> None:
    lines = [
        '{"text": "dak ui"}',
        '{"text": "dak ha cu"}',
        '{"text": "không đâu cả"}',
        "",
        '{"latitude": 14.352, "longitude": 108.0}',
        '{"latitude": 15, "longitude": 112}',
        '{"latitude": 1e308, "longitude": -1e308}',
    ]
    code, out, err = await service.command("places", said="\n".join(lines))
    named, asked, nowhere, near, sea, far = (json.loads(line) for line in out.splitlines())
    assert code == 0 and err == ""
    assert named["unit"] == 23510 and named["name"] == "xã Đăk Ui, tỉnh Quảng Ngãi" and named["choices"] == []
    assert asked["unit"] is None and asked["choices"][0]["name"] == "xã Đăk Hà, tỉnh Quảng Ngãi"
    assert nowhere.get("unit") is None and near["name"] == "phường Kon Tum, tỉnh Quảng Ngãi"
    assert sea == far == {"unit": None, "name": None}


async def test_places_names_broken_lines_and_goes_on(service: Service) -> None:
    broken = [
        "{",
        "[1]",
        '{"latitude": "x"}',
        '{"latitude": 1e400, "longitude": 0}',
        "[" * 100_000,
        '"\udcff"',
    ]
    code, out, err = await service.command("places", said="\n".join([*broken, '{"text": "xã Đăk Ui"}']))
    *told, good = (json.loads(line) for line in out.splitlines())
    assert code == 1 and err == "" and good["unit"] == 23510
    assert [error["error"].split(":")[0] for error in told] == [f"line {n}" for n in range(1, 7)]


async def test_submissions_never_say_who_and_acts_are_refused_in_a_sentence(service: Service) -> None:
    await service.command("talk", said=REPORT)
    code, out, _ = await service.command("submissions", "--json")
    (one,) = json.loads(out)
    assert code == 0 and (one["id"], one["number"], one["state"]) == (1, "NS000001", "received")
    assert one["unit_name"] == "xã Đăk Ui, tỉnh Quảng Ngãi" and "[tên]" in one["masked"]
    for secret in ("0905", "Nam", TOLD, "conversation", "contact", "code", "told"):
        assert secret not in out
    refused = {
        ("1", "say"): "cần lời giải thích",
        ("1", "closed"): "không chuyển sang bước này được",
        ("1", "forwarded", "--text", "x", "--office", "48"): "cần nơi nhận",
        ("9", "accepted"): "Không có hồ sơ nào",
    }
    told = await asyncio.gather(*(service.command("act", *arguments) for arguments in refused))
    for (code, out, err), words in zip(told, refused.values(), strict=True):
        assert code == 1 and out == "" and len(err.splitlines()) == 1
        assert err.startswith("nepsong: ") and words in err
    code, out, _ = await service.command("act", "1", "accepted")
    assert (code, out) == (0, "nepsong: NS000001: Đang giải quyết\n")


@pytest.mark.parametrize("arguments", [("0", "say"), ("1",), ("1", "extend", "--days", "9999999")])
async def test_an_act_called_wrongly_is_exit_2(service: Service, arguments: tuple[str, ...]) -> None:
    code, _, err = await service.command("act", *arguments)
    assert code == 2 and "usage" in err


async def test_bytes_that_are_no_text_are_no_traceback(service: Service) -> None:
    await service.command("talk", said=REPORT)
    _, _, err = await service.command("act", "1", "say", "--text", "\udcff")
    assert "Traceback" not in err and len(err.splitlines()) < 2
