"""Codes are read as people write them, and a slip is noticed before anything is looked up."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content import codes

randoms = st.lists(st.integers(0, 31), min_size=codes.SECRET, max_size=codes.SECRET).map(bytes)


@given(randoms)
def test_a_code_reads_back_however_it_is_written(random: bytes) -> None:
    code = codes.make(random)
    spelled = codes.spelled(code)
    assert len(code) == codes.LENGTH and codes.secret(code) == random
    for written in (
        spelled,
        spelled.lower(),
        spelled.replace("-", " "),
        f"NS{code}",
        f"mã của tôi là {spelled}.",
        spelled.replace("0", "O").replace("1", "l"),
    ):
        assert codes.read(written) == code


@given(randoms, st.integers(0, codes.LENGTH - 1), st.sampled_from(codes.SYMBOLS))
def test_one_wrong_symbol_is_noticed(random: bytes, place: int, symbol: str) -> None:
    code = codes.make(random)
    wrong = code[:place] + symbol + code[place + 1 :]
    assert (codes.read(f"NS{wrong}") == code) is (wrong == code)
    assert codes.meant(f"NS{wrong}")


def test_nearly_every_swap_of_neighbours_is_noticed() -> None:
    swaps = caught = 0
    for _ in range(500):
        code = codes.make(bytes(secrets.randbelow(32) for _ in range(codes.SECRET)))
        for place in range(codes.LENGTH - 1):
            wrong = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            swaps += wrong != code
            caught += wrong != code and codes.read(f"NS{wrong}") is None
    assert caught > 0.99 * swaps


@pytest.mark.parametrize(
    "text",
    ["", "xin chào", "0905 123 456", "051200012345", "karaoke tới một giờ sáng", "nghị định 282/2025", "NS",
     "ns 123", "🙂" * 500, "N" * 5_000, "NS " * 3_000],
)  # fmt: skip
def test_other_text_is_no_code(text: str) -> None:
    assert codes.read(text) is None
