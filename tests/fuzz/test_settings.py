"""What settings are made of: files, environment, and what the editor says."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from ds_lsp.settings import sources
from ds_lsp.settings.resolve import Resolved, SettingsSource
from ds_lsp.settings.schema import SETTINGS
from ds_lsp.settings.sources import PROJECT_FILE, read_layers, resolve_with
from tests.fuzz.budget import fuzz
from tests.fuzz.shapes import JSON, NAMES, SETTINGS_TREES, TEXTS
from tests.harness import INITIALIZE, InProcess
from tests.unit.clean import clean


@pytest.fixture(autouse=True, scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        clean(patch, home)
        patch.setattr(sources, "user_file", lambda: home / "config.toml")
        patch.chdir(home)
        yield home


def check(resolved: Resolved) -> None:
    """Every setting has a value that its own parser takes, whatever there was to read."""
    for path, setting in SETTINGS.items():
        value: Any = resolved.settings
        for name in path.split("."):
            value = getattr(value, name)
        assert value == setting.default or setting.parse(value) == value
    assert len(resolved.problems) < 100
    summary = resolved.summary()
    assert summary is None or len(summary) < 100_000


LINES = st.builds("{} = {}".format, NAMES | TEXTS, JSON.map(repr)) | st.sampled_from(
    ["[completion]", "[[completion]]", "completion = {", "privacy.ignore = ['!', '[']", "\0"]
)
TOML = (
    st.lists(LINES, max_size=6).map("\n".join).map(lambda text: text.encode("utf-8", "replace"))
    | st.binary(max_size=40)
    | st.sampled_from([b"a = " + b"[" * 5000, b"a" + b".a" * 5000 + b" = 1", b"[a" + b".b" * 3000])
)


@fuzz(TOML, TOML)
def test_any_files_are_survived(user: bytes, project: bytes) -> None:
    folder = Path()
    (folder / "config.toml").write_bytes(user)
    (folder / PROJECT_FILE).write_bytes(project)
    check(resolve_with(read_layers([folder], {})))


VARIABLES = st.sampled_from(["DS_LSP_" + path.upper().replace(".", "_") for path in SETTINGS])


@fuzz(st.dictionaries(VARIABLES | TEXTS.map("DS_LSP_{}".format), TEXTS, max_size=8))
def test_any_environment_is_survived(environ: Mapping[str, str]) -> None:
    check(resolve_with(read_layers([], environ)))


@fuzz(SETTINGS_TREES | st.dictionaries(TEXTS, JSON), st.booleans(), st.booleans())
def test_any_tree_is_survived(
    tree: Mapping[str, object], is_project: bool, is_initialize: bool
) -> None:
    source = SettingsSource("x", tree, is_project=is_project, is_initialize=is_initialize)
    check(resolve_with(read_layers([], {}), source))


FOLDERS = st.lists(
    st.fixed_dictionaries({"uri": TEXTS | st.just("file:///"), "name": st.just("x")}), max_size=2
)


@fuzz(SETTINGS_TREES | JSON, st.lists(SETTINGS_TREES | JSON, max_size=3), FOLDERS)
def test_whatever_an_editor_says_the_session_goes_on(
    options: object, pushed: list[object], folders: list[Any]
) -> None:
    async def session() -> None:
        at = InProcess()
        params = {
            "capabilities": {},
            "initializationOptions": options,
            "workspaceFolders": folders,
        }
        try:
            await at.send({**INITIALIZE, "params": params})
            await at.send({"method": "initialized", "params": {}})
            for settings in pushed:
                change = {"method": "workspace/didChangeConfiguration"}
                await at.send({**change, "params": {"settings": settings}})
            await at.send(
                {
                    "id": "last",
                    "method": "workspace/executeCommand",
                    "params": {"command": "ds-lsp.status"},
                }
            )
            assert (await at.answer("last"))["result"]["state"]
            assert all("\n" not in line for line in at.messages)
        finally:
            await at.aclose()

    asyncio.run(session())
