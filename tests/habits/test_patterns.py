"""No pattern may take more than linear time, however long or strange a message is."""

import importlib
import pkgutil
import re
import re._constants as codes  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from typing import Any

import pytest

import content
import handlers

FEW = 64  # a repeat of at most so many is a constant


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every pattern that stands in a module of content or handlers, also inside tables."""
    for room in (content, handlers):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            for name, value in vars(importlib.import_module(found.name)).items():
                for pattern in inside(value):
                    yield f"{found.name}.{name}", pattern


def inside(value: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from inside(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from inside(one)
    elif callable(value) and getattr(value, "__closure__", None):
        for cell in value.__closure__:
            yield from inside(cell.cell_contents) if isinstance(cell.cell_contents, re.Pattern) else ()


ALL = {f"{name}/{n}": pattern for n, (name, pattern) in enumerate(patterns())}


def nested(parsed: Any, unbounded: bool = False) -> bool:
    """Whether an unbounded repeat stands in another: the way to exponential time."""
    for code, argument in parsed:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            _, most, body = argument
            endless = most > FEW
            if (endless and unbounded) or nested(body, unbounded or endless):
                return True
        elif code is codes.SUBPATTERN:
            if nested(argument[-1], unbounded):
                return True
        elif code is codes.BRANCH:
            if any(nested(way, unbounded) for way in argument[1]):
                return True
        elif code in (codes.ASSERT, codes.ASSERT_NOT) and nested(argument[1], unbounded):
            return True
    return False


def test_the_patterns_are_found() -> None:
    assert len(ALL) > 30


@pytest.mark.parametrize("pattern", ALL.values(), ids=ALL)
def test_no_repeat_without_end_stands_in_another(pattern: re.Pattern[str]) -> None:
    assert not nested(parser.parse(pattern.pattern, pattern.flags))


def test_the_habit_finds_what_it_looks_for() -> None:
    assert nested(parser.parse(r"(a+)+b")) and nested(parser.parse(r"(?:x|(?:a*c)*)*"))
    assert not nested(parser.parse(r"(?:a{1,9})+b+"))
