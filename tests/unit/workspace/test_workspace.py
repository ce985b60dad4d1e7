"""The workspace: whose settings hold for which document, and who hears that one was closed."""

from pathlib import Path

import pytest

from ds_lsp.settings.sources import read_layers, resolve_with
from ds_lsp.text.document import Document
from ds_lsp.workspace.workspace import Workspace
from tests.harness import INITIALIZE, InProcess, did_close, did_open
from tests.unit.clean import clean

QUIET = "[completion]\ndisabled_languages = ['python']\nmax_tokens = 7\n"
SECRET = "[privacy]\nignore = ['私.*']\n"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    clean(monkeypatch, tmp_path)
    one, other = tmp_path / "甲", tmp_path / "乙"
    for folder in (one, other):
        folder.mkdir()
    return one, other


def workspace_of(*folders: Path) -> Workspace:
    workspace = Workspace()
    workspace.configure(resolve_with(read_layers(folders, {})), folders)
    return workspace


def test_a_project_files_settings_hold_in_its_folder_only(folders: tuple[Path, Path]) -> None:
    one, other = folders
    (one / ".ds-lsp.toml").write_text(QUIET, "utf-8")
    workspace = workspace_of(one, other)
    inside = workspace.settings_for((one / "sub" / "a b.py").as_uri())
    assert (inside.completion.max_tokens, inside.completion.disabled_languages) == (7, ("python",))
    for uri in ((other / "a.py").as_uri(), "untitled:Untitled-1", "file:///nowhere/a.py"):
        elsewhere = workspace.settings_for(uri)
        assert elsewhere.completion.max_tokens == 128
        assert elsewhere.completion.disabled_languages == ()
    assert workspace.settings.completion.max_tokens == 128


def test_where_one_folder_is_open_its_settings_are_the_sessions(
    folders: tuple[Path, Path],
) -> None:
    one, _ = folders
    (one / ".ds-lsp.toml").write_text(QUIET, "utf-8")
    workspace = workspace_of(one)
    assert workspace.settings.completion.max_tokens == 7
    assert workspace.settings_for((one / "a.py").as_uri()).completion.max_tokens == 7
    assert workspace.settings_for("untitled:1").completion.max_tokens == 7


def test_the_innermost_folder_decides(folders: tuple[Path, Path]) -> None:
    one, _ = folders
    inner = one / "inner"
    inner.mkdir()
    (one / ".ds-lsp.toml").write_text(QUIET, "utf-8")
    workspace = workspace_of(one, inner)
    assert workspace.settings_for((inner / "a.py").as_uri()).completion.max_tokens == 128
    assert workspace.settings_for((one / "a.py").as_uri()).completion.max_tokens == 7


def test_a_project_files_globs_exclude_in_its_folder_only(folders: tuple[Path, Path]) -> None:
    one, other = folders
    (one / ".ds-lsp.toml").write_text(SECRET, "utf-8")
    workspace = workspace_of(one, other)
    assert workspace.excludes_name((one / "私.py").as_uri()) == "privacy.ignore: 私.*"
    assert workspace.excludes_name((other / "私.py").as_uri()) is None
    assert workspace.gate.allows(other / "私.py")
    assert not workspace.gate.allows(one / "sub" / "私.py")


def test_the_problems_of_each_project_file_are_told_once(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        (folder / ".ds-lsp.toml").write_text("[completion]\nmax_tokens = 9999\n", "utf-8")
    problems = resolve_with(read_layers(folders, {})).problems
    assert len(problems) == len(set(problems)) == 2


def test_a_gate_that_judges_alike_is_kept(folders: tuple[Path, Path]) -> None:
    one, _ = folders
    workspace = workspace_of(one)
    gate = workspace.gate
    workspace.configure(resolve_with(read_layers([one], {})), [one])
    assert workspace.gate is gate
    workspace.read_ignore_files_again()
    workspace.configure(resolve_with(read_layers([one], {})), [one])
    assert workspace.gate is not gate


def test_every_owner_hears_that_a_document_was_closed() -> None:
    workspace, heard = Workspace(), list[str]()
    workspace.when_closed += [heard.append, heard.append]
    workspace.closed("file:///值.py")
    assert heard == ["file:///值.py"] * 2


async def test_two_folders_do_not_affect_each_other_in_a_server(
    folders: tuple[Path, Path],
) -> None:
    one, _ = folders
    (one / ".ds-lsp.toml").write_text(QUIET, "utf-8")
    at = InProcess()
    opened = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
    params: dict[str, object] = {"processId": None, "capabilities": {}, "workspaceFolders": opened}
    await at.send({**INITIALIZE, "params": params}, {"method": "initialized", "params": {}})
    for number, folder in enumerate(folders):
        uri = (folder / "a.py").as_uri()
        position = {"line": 0, "character": 5}
        context = {"triggerKind": 1}
        asked = {"textDocument": {"uri": uri}, "position": position, "context": context}
        await at.send(did_open(uri, "x = 1"))
        await at.send({"id": number, "method": "textDocument/inlineCompletion", "params": asked})
        reason = at.server.session.engine.last.reason.value
        assert (reason == "language_disabled") is (folder is one)
        await at.send(did_close(uri))
    await at.aclose()


def test_a_document_is_excluded_by_its_own_words_too(folders: tuple[Path, Path]) -> None:
    one, _ = folders
    document = Document((one / "a.py").as_uri(), "python", 1, "# ds-lsp: off\nx = 1\n")
    workspace = workspace_of(one)
    assert workspace.excludes_name(document.uri) is None
    assert workspace.excludes(document)
