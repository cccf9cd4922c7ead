from pathlib import Path

import pytest

from content import wording

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def folder(where: Path, **languages: dict[str, str]) -> Path:
    for language, sentences in languages.items():
        (where / language).mkdir()
        body = "".join(f'msgid "{key}"\nmsgstr "{text}"\n\n' for key, text in sentences.items())
        (where / language / "messages.po").write_text(HEADER + body, "utf-8")
    return where


def test_each_language_says_its_own(tmp_path: Path) -> None:
    read, mistakes = wording.read(folder(tmp_path, vi={"hi": "Chào {who}"}, en={"hi": "Hello {who}"}))
    assert mistakes == []
    assert read.speaker("vi")("hi", who="An") == "Chào An"
    assert read.speaker("en")("hi", who="An") == "Hello An"


def test_a_language_we_do_not_have_speaks_vietnamese(tmp_path: Path) -> None:
    read, _ = wording.read(folder(tmp_path, vi={"hi": "Chào"}, en={"hi": "Hello"}))
    assert read.speaker("fr")("hi") == "Chào"


def test_what_a_person_wrote_is_no_template(tmp_path: Path) -> None:
    read, _ = wording.read(folder(tmp_path, vi={"hi": "Nghe: {what}"}, en={"hi": "Heard: {what}"}))
    assert read.speaker("vi")("hi", what="{oops} {0} %s") == "Nghe: {oops} {0} %s"


@pytest.mark.parametrize(
    ("vi", "en", "mistake"),
    [
        ({"a": "x", "b": "y"}, {"a": "x"}, "en/messages.po:b: is missing, another language has it"),
        ({"a": "x"}, {"a": "x", "b": "y"}, "vi/messages.po:b: is missing, another language has it"),
        ({"a": "{x}"}, {"a": "{y}"}, "en/messages.po:a: has other placeholders than vi"),
        ({"a": "{x}"}, {"a": "none"}, "en/messages.po:a: has other placeholders than vi"),
        ({"a": "fine"}, {"a": "{ never closed"}, "en/messages.po:a: has braces that do not pair"),
        ({"a": ""}, {"a": "x"}, "vi/messages.po:a: is empty"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(
    tmp_path: Path, vi: dict[str, str], en: dict[str, str], mistake: str
) -> None:
    assert wording.read(folder(tmp_path, vi=vi, en=en))[1] == [f"locales/{mistake}"]


def test_a_language_that_is_not_there_is_one_mistake(tmp_path: Path) -> None:
    _, mistakes = wording.read(folder(tmp_path, vi={"a": "x"}))
    assert mistakes == ["locales/en/messages.po:-: cannot be read (FileNotFoundError)"]


@pytest.mark.parametrize("body", [b"msgid \xff\xfe", b'msgid "a\nmsgstr oops', b"hello"])
def test_a_file_that_is_no_po_is_one_mistake(tmp_path: Path, body: bytes) -> None:
    folder(tmp_path, vi={"a": "x"}, en={"a": "x"})
    (tmp_path / "en" / "messages.po").write_bytes(body)
    _, mistakes = wording.read(tmp_path)
    assert len(mistakes) == 1 and mistakes[0].startswith("locales/en/messages.po:")


def test_braces_that_are_wrong_in_both_languages_are_found(tmp_path: Path) -> None:
    _, mistakes = wording.read(folder(tmp_path, vi={"a": "{ oops"}, en={"a": "oops }"}))
    assert mistakes  # else the first person who is told this sentence gets none
