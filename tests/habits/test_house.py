"""The house checks itself."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import Settings, paths
from bot.web.routes import ALWAYS, CHAT

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "handlers", "content", "storage")
EVERYTHING = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("file", EVERYTHING, ids=lambda f: str(f.relative_to(ROOT)))
def test_no_import_hides_in_a_function(file: Path) -> None:
    tree = ast.parse(file.read_text())
    hidden = [
        n.lineno for f in functions(tree) for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_the_modules_form_no_cycle() -> None:
    names = {
        str(f.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__"): f
        for f in EVERYTHING
    }
    graph = {name: {m for m in imported(file) if m in names and m != name} for name, file in names.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above, name))
        if name not in done:
            for below in graph[name]:
                visit(below, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import module` means the module; otherwise the package's own names
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                yield module if (ROOT / (module.replace(".", "/") + ".py")).exists() else node.module


def test_below_bot_nothing_is_async() -> None:
    found = [f.name for f in EVERYTHING if f.relative_to(ROOT).parts[0] != "bot" and file_is_async(f)]
    assert found == ["database.py"]  # the door itself


def file_is_async(file: Path) -> bool:
    return any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(ast.parse(file.read_text())))


def test_sql_stays_in_storage_and_clocks_outside_of_handlers() -> None:
    for file in EVERYTHING:
        text, room = file.read_text(), file.relative_to(ROOT).parts[0]
        # gather_units.py reads somebody else's database, once, to write a file; the service never loads it
        if room in ("handlers", "content") and file.name != "gather_units.py":
            assert not re.search(r"\b(time\.time|datetime\.now|random|uuid4|secrets\.)\b", text), file
            assert not re.search(r"\.execute\(|\bselect\(", text), file


def test_every_setting_is_in_the_readme_and_in_the_file() -> None:
    readme, config = (ROOT / "README.md").read_text(), (ROOT / "config.toml").read_text()
    for path in paths(Settings):
        assert f"NEPSONG_{'_'.join(path).upper()}" in readme
        assert re.search(rf"^{path[-1]} = ", config, re.MULTILINE)


def test_every_route_is_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for route in (*CHAT, *ALWAYS):
        assert f"`{route.path}`" in text


def test_every_make_target_explains_itself() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(re.search(rf"^  {target} +\S+", told, re.MULTILINE) for target in targets)


def test_no_lock_names_an_address_and_every_package_has_hashes() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        pins = re.findall(r"^[\w.-]+==[^\n]*", text, re.MULTILINE)
        assert pins and len(pins) == len(re.findall(r"^[\w.-]+==[^\n]*\\\n    --hash=", text, re.MULTILINE))


def test_every_dependency_says_why() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    begun = [n for n, line in enumerate(lines) if re.match(r"(dependencies|install|dev) = \[", line)]
    for begin in begun:
        for line in lines[begin + 1 :]:
            if line == "]":
                break
            assert re.search(r'",\s+# \S', line), line


def test_importing_the_program_starts_nothing_and_stays_light() -> None:
    heavy = (
        "import bot.cli, sys; print([m for m in ('alembic', 'psycopg', 'PIL', 'numpy') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_documents_count_the_entries_rightly() -> None:
    count = len(list((ROOT / "content/knowledge").glob("*.md")))
    for name in ("README.md", "CHANGELOG.md", "ARCHITECTURE.md"):
        assert re.search(rf"\b{count} (delivered )?(entries|answers)", (ROOT / name).read_text()), name
