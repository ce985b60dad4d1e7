"""The walls of the house, by reading imports. ARCHITECTURE.md names the reasons."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ds_lsp"
LEAVES = {"errors", "files", "paths", "pipes", "processes", "schemes", "slices", "uris"}

# Who may import whom among our own packages, from the ground up; leaves may be imported by all.
ARROWS: dict[str, set[str]] = {
    **{leaf: set() for leaf in LEAVES},
    "__init__": set(),
    "text": {"languages"},
    "languages": {"text"},
    "settings": {"text"},
    "workspace": {"text"},
    "providers": {"settings", "text"},
    "local": {"providers", "text", "workspace"},
    "service": {"providers", "settings", "text"},
    # Completion and chat do not know each other.
    "completion": {"languages", "providers", "service", "settings", "text", "workspace"},
    "chat": {"languages", "providers", "service", "settings", "text"},
    "session": {
        *("chat", "completion", "local", "providers", "service", "settings", "text", "workspace"),
    },
    "logs": {"text"},
    "lsp": {
        *("chat", "completion", "languages", "local", "logs", "providers", "service", "session"),
        *("settings", "text", "workspace"),
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
