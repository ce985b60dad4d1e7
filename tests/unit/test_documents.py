"""What the documents say is so."""

import importlib
import re
from pathlib import Path

import pytest

import ds_lsp
from ds_lsp.cli import COMMANDS
from ds_lsp.lsp.app import create_server
from ds_lsp.lsp.transport import command_names as names
from ds_lsp.settings.schema import SETTINGS, Setting

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def default_of(setting: Setting) -> str:
    if setting.default is None:
        return "none"
    if isinstance(setting.default, bool):
        return f"`{str(setting.default).lower()}`"
    if isinstance(setting.default, tuple):
        return "`[]`"
    return f'`"{setting.default}"`' if isinstance(setting.default, str) else f"`{setting.default}`"


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS.keys())
def test_readme_has_every_setting_with_its_default_and_meaning(setting: Setting) -> None:
    assert f"| `{setting.path}` | {default_of(setting)} | {setting.meaning} |" in README


def test_readme_has_no_other_settings() -> None:
    section = README.partition("## Settings")[2].partition("## Commands")[0]
    named = re.findall(r"^\| `([a-z_.]+)` \| ", section, re.MULTILINE)
    assert named == list(SETTINGS)


def test_readme_names_every_subcommand_and_command() -> None:
    for name in COMMANDS:
        assert f"`ds-lsp {name}" in README
    assert tuple(create_server().protocol.fm.commands) == names.COMMANDS
    section = README.partition("## Commands")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(ds-lsp\.\w+)`", section)) == set(names.COMMANDS)


def test_changelog_begins_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## (\S+)", changelog, re.MULTILINE)
    assert versions[0] == ds_lsp.__version__


@pytest.mark.parametrize("document", [README, ARCHITECTURE], ids=["README", "ARCHITECTURE"])
def test_files_that_are_named_exist(document: str) -> None:
    # A picture or a file as a link, and paths of ours in back quotes.
    named = re.findall(r"\]\((?!https?:|#)([^)]+)\)", document)
    named += re.findall(r"`((?:ds_lsp|tests|editors|\.ci)/[\w./-]*)`", document)
    assert named
    for name in named:
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("name", ["emacs", "helix", "neovim"])
def test_readme_has_the_commands_that_the_tests_of_an_editor_run(name: str) -> None:
    text = (ROOT / "editors" / name / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n.*?^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks
    assert all(block in README for block in blocks)
    for link in re.findall(r"\]\((?!https?:|#)([^)]+)\)", text):
        assert (ROOT / "editors" / name / link).exists(), link


LIMITS = re.findall(r"^\| [^|]+ \| `(ds_lsp\.[\w.]+)` \| ([^|]+) \|", ARCHITECTURE, re.MULTILINE)
UNITS = {"MiB": 1 << 20, "MB": 1_000_000, "million": 1_000_000}


@pytest.mark.parametrize(("constant", "limit"), LIMITS)
def test_a_limit_is_what_the_code_says(constant: str, limit: str) -> None:
    module, _, name = constant.rpartition(".")
    number, *words = limit.split()
    factor = UNITS.get(words[0], 1) if words else 1
    assert getattr(importlib.import_module(module), name) == float(number) * factor


def test_the_limits_are_found() -> None:
    assert len(LIMITS) > 10


def test_the_listing_says_most_of_where_to_change_a_thing() -> None:
    section = ARCHITECTURE.partition("## Where do I change")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    assert len(rows) - 2 <= 12
