from pathlib import Path

import pytest

from bot import settings
from bot.settings import Settings, SettingsWrong

DELIVERED = Path(__file__).parents[2] / "config.toml"


def wrong(text: str, tmp_path: Path, **environment: str) -> list[str]:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(SettingsWrong) as caught:
        settings.read(tmp_path / "config.toml", environment)
    return caught.value.mistakes


def test_the_delivered_file_says_every_default() -> None:
    read = settings.read(DELIVERED, {})
    bare = Settings()
    data_dir = DELIVERED.parent / "data"
    assert read == bare.model_copy(update={"service": bare.service.model_copy(update={"data_dir": data_dir})})


def test_the_environment_wins() -> None:
    read = settings.read(
        DELIVERED, {"NEPSONG_SERVICE_PORT": "9000", "NEPSONG_CHANNELS_WEBCHAT_ENABLED": "false"}
    )
    assert read.service.port == 9000 and not read.channels.webchat.enabled


def test_all_mistakes_at_once_each_with_its_path(tmp_path: Path) -> None:
    mistakes = wrong(
        '[service]\nport = "many"\nhots = "x"\n[log]\nlevel = 3\n[database]\nurl = "oracle://x"\n',
        tmp_path,
        NEPSONG_SERVICE_PUBLIC_URL="nepsong.vn",
        NEPSONG_SERVICE_PROT="1",
    )
    assert [mistake.rsplit(": ", 1)[0].split(": ")[0] for mistake in mistakes] == [
        "environment:NEPSONG_SERVICE_PROT",
        "config.toml:service.port",
        "environment:NEPSONG_SERVICE_PUBLIC_URL",
        "config.toml:service.hots",
        "config.toml:database.url",
        "config.toml:log.level",
    ]


def test_a_secret_is_in_no_mistake_and_no_repr(tmp_path: Path) -> None:
    mistakes = wrong("[service]\nport = -1\n", tmp_path, NEPSONG_DATABASE_URL="mysql://u:geheim123@h/d")
    assert "geheim123" not in str(mistakes)
    assert "geheim123" not in repr(
        settings.read(DELIVERED, {"NEPSONG_DATABASE_URL": "postgresql://u:geheim123@h/d"})
    )


@pytest.mark.parametrize("text", ["[service", "\x00", "service = 1"])
def test_a_broken_file_is_one_clear_line(text: str, tmp_path: Path) -> None:
    assert len(wrong(text, tmp_path)) == 1


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match="--config"):
        settings.read(tmp_path / "none.toml", {})


def test_names_of_the_tests_are_no_settings() -> None:
    settings.read(DELIVERED, {"NEPSONG_TEST_POSTGRES": "host=x"})
