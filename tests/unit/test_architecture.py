"""The walls of the house, by reading imports. ARCHITECTURE.md names the reasons."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ds_lsp"
LEAVES = {"errors", "files", "hosts", "paths", "pipes", "processes", "schemes", "slices", "uris"}

# Who may import whom among our own packages, from the ground up; leaves may be imported by all.
ARROWS: dict[str, set[str]] = {
    **{leaf: set() for leaf in LEAVES},
    "__init__": set(),
    "text": set(),
    "languages": {"text"},
    "settings": {"providers", "text"},
    "workspace": {"languages", "settings", "text"},
    "providers": {"text"},
    "local": {"languages", "providers", "text", "workspace"},
    "service": {"providers", "settings", "text"},
    # Completion and chat do not know each other.
    "completion": {"languages", "providers", "service", "settings", "text", "workspace"},
    "chat": {"languages", "providers", "service", "settings", "text"},
    "background": {"completion", "local", "service", "text", "workspace"},
    "session": {
        *("background", "chat", "completion", "local", "service", "settings", "workspace"),
    },
    "reports": {"providers", "session"},
    "logs": {"text"},
    "lsp": {
        *("background", "chat", "completion", "languages", "local", "logs", "providers"),
        *("reports", "service", "session", "settings", "text", "workspace"),
    },
    "editor_files": {"__init__"},
    "commands": {
        *("chat", "completion", "editor_files", "languages", "providers", "service", "session"),
        *("settings", "text", "workspace"),
    },
    "cli": {"commands", "logs", "lsp"},
    "__main__": {"cli"},
}


def modules() -> list[Path]:
    # The demo's program is data: text that is typed, never run.
    return sorted(path for path in PACKAGE.rglob("*.py") if "program" not in path.parts)


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path}"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def home_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_arrow_upwards(path: Path) -> None:
    home = home_of(path)
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "ds_lsp" or parts[1:] in ([], ["__version__"]):
            continue
        assert parts[1] in ARROWS[home] | LEAVES | {home}, f"{home} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_protocol_and_network_stay_in_their_packages(path: Path) -> None:
    for name in imports_of(path):
        root = name.split(".")[0]
        if root in ("pygls", "lsprotocol"):
            assert home_of(path) == "lsp", f"{path} imports {name}"
        if root in ("httpx", "h11", "truststore"):
            assert home_of(path) == "providers", f"{path} imports {name}"


@pytest.mark.parametrize("home", ["completion", "chat"])
def test_of_the_providers_only_the_seam_is_known(home: str) -> None:
    for path in (PACKAGE / home).rglob("*.py"):
        for name in imports_of(path):
            if name.startswith("ds_lsp.providers"):
                assert name.startswith("ds_lsp.providers.base"), f"{path} imports {name}"


def test_every_folder_of_ours_is_in_the_table() -> None:
    assert {home_of(path) for path in modules()} <= set(ARROWS)


# The package's own top: it registers the handlers, which use the rest of the package.
ON_TOP = {"lsp/app.py"}


def folder_of(path: Path) -> str:
    """Return the folder a module is in; a module at the root or on top stands for itself."""
    name = path.relative_to(PACKAGE).as_posix()
    parent = path.parent.relative_to(PACKAGE).as_posix()
    return name if parent == "." or name in ON_TOP else parent


def folders_imported_by(path: Path) -> Iterator[str]:
    for name in imports_of(path):
        parts = name.split(".")
        for end in (len(parts), len(parts) - 1):
            module = PACKAGE.joinpath(*parts[1:end]).with_suffix(".py")
            if parts[0] == "ds_lsp" and module.is_file():
                yield folder_of(module)
                break


def test_no_circle_between_folders() -> None:
    arrows: dict[str, set[str]] = defaultdict(set)
    for path in modules():
        arrows[folder_of(path)] |= {*folders_imported_by(path)} - {folder_of(path)}
    below = TopologicalSorter(arrows)
    try:
        below.prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' imports '.join(reversed(error.args[1]))}")


DATA = {"languages/lexicon.py", "workspace/privacy/builtin.py"}
"""Modules that are tables: longer than `MAX_LINES`, as a table may be."""
MAX_LINES = 400
MAX_SESSION_LINES = 150
"""`session.py` builds and connects; what it would decide belongs to what it connects."""


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_is_short(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    name = path.relative_to(PACKAGE).as_posix()
    if name == "session.py":
        assert lines <= MAX_SESSION_LINES
    elif name in DATA:
        assert lines > MAX_LINES, "no exception is needed any more"
    else:
        assert lines <= MAX_LINES


STORY = ("complete", "_answer", "_settle", "_generate", "_present")
MAX_STORY_LINES = 60


def test_the_life_of_a_request_is_five_methods_in_reading_order() -> None:
    path = PACKAGE / "completion" / "engine.py"
    lines = path.read_text("utf-8").splitlines()
    tree = ast.parse("\n".join(lines))
    (engine,) = (
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Engine"
    )
    methods = [
        node for node in engine.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    names = [method.name for method in methods]
    first = names.index(STORY[0])
    assert tuple(names[first : first + len(STORY)]) == STORY
    count = 0
    for number, method in enumerate(methods[first : first + len(STORY)]):
        count += len(_code_lines(method, lines))
        # No return to an earlier step.
        called = {node.attr for node in ast.walk(method) if isinstance(node, ast.Attribute)}
        assert not called & set(STORY[: number + 1]), method.name
    assert count <= MAX_STORY_LINES


def _code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> list[str]:
    """Return the lines of a function without its docstring, comments and blank lines."""
    assert function.end_lineno
    numbers = set(range(function.lineno, function.end_lineno + 1))
    docstring = function.body[0]
    if ast.get_docstring(function) and docstring.end_lineno:
        numbers -= set(range(docstring.lineno, docstring.end_lineno + 1))
    code = (lines[number - 1].strip() for number in sorted(numbers))
    return [line for line in code if line and not line.startswith("#")]


RIDDLES = {"how", "so", "what", "where", "whether", "which", "who", "whose", "why"}
"""Words that no docstring begins with: it begins with a verb, or names the thing."""


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_docstring_begins_with_a_verb_or_the_thing(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        text = ast.get_docstring(node) if isinstance(node, kinds) else None
        if text:
            first = text.split()[0].lower().strip(".,:;*`")
            assert first not in RIDDLES, text
            assert not text.startswith("The same"), text


def test_a_class_name_means_one_thing() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


REPEATED = {"app", "base", "completion", "chat", "documents"}
"""Module names that stand for the same concept in each folder they are in."""


def test_a_module_name_means_one_thing() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in modules():
        if path.stem not in {"__init__", "__main__", *REPEATED}:
            homes[path.stem].append(str(path.relative_to(PACKAGE)))
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


@pytest.mark.parametrize(
    "unwanted",
    [
        "argparse",
        "asyncio",
        "attr",
        "ctypes",
        "dataclasses",
        "logging",
        "platformdirs",
        "subprocess",
        "tomllib",
    ],
)
def test_an_editor_is_greeted_without_what_takes_its_time(unwanted: str) -> None:
    code = (
        "import sys, ds_lsp.cli; from ds_lsp.lsp.transport.early_initialize import answer_to;"
        'params = b\'{"capabilities": {}, "rootUri": "file:///"}\';'
        'assert answer_to(b\'{"id": 1, "method": "initialize", "params": %s}\' % params);'
        "from ds_lsp.processes import find_process; import os; assert find_process(os.getpid());"
        f"print({unwanted!r} in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize(
    "unwanted",
    [
        "ds_lsp.commands",
        "ds_lsp.workspace.privacy.secrets",
        "httpx",
        "truststore",
        "tomli_w",
        "rich",
        "keyring",
        "sqlite3",
        "PIL",
    ],
)
def test_the_server_starts_without_what_it_does_not_need(unwanted: str) -> None:
    code = (
        "import sys, ds_lsp.lsp.app as app; app.create_server();"
        f"print(any(name == {unwanted!r} or name.startswith({unwanted!r} + '.') "
        "for name in sys.modules if name != 'ds_lsp.commands'))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert run.stdout.strip() == "False"
