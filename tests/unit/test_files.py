"""Folders that are made, and the one that is not."""

from pathlib import Path

import pytest

from ds_lsp.files import make_private_folder


@pytest.mark.parametrize("below", [".local/state/ds-lsp", ".cache/ds-lsp/explanations", "x"])
def test_a_home_that_does_not_exist_is_not_created(
    below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "missing" / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    with pytest.raises(FileNotFoundError, match="home folder does not exist"):
        make_private_folder(home / below)
    assert not home.parent.exists()


@pytest.mark.parametrize("home", ["home", "missing"])
def test_other_folders_are_created(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / home))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / home))
    folder = tmp_path / ("home" if home == "home" else "state") / "a" / "b"
    make_private_folder(folder)
    make_private_folder(folder)
    assert folder.is_dir()
