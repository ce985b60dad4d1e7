"""The command line as a process: what it prints, and its exit status."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import ds_lsp
from ds_lsp.cli import COMMANDS
from tests.unit.clean import environment

Run = subprocess.CompletedProcess[str]
ROOT = Path(__file__).parents[2]


def run(home: Path, *argv: str, **more: str) -> Run:
    return subprocess.run(
        [sys.executable, "-m", "ds_lsp", *argv],
        env=environment(home, PYTHONIOENCODING="utf-8", **more),
        input="",
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_version_is_printed(tmp_path: Path) -> None:
    result = run(tmp_path, "--version")
    assert (result.returncode, result.stdout, result.stderr) == (
        0,
        f"ds-lsp {ds_lsp.__version__}\n",
        "",
    )


def test_help_names_every_command(tmp_path: Path) -> None:
    result = run(tmp_path, "--help")
    assert result.returncode == 0
    assert all(f"  {name} " in result.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, tmp_path: Path) -> None:
    result = run(tmp_path, command, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"usage: ds-lsp {command}")
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        pytest.param(["frobnicate"], "invalid choice: 'frobnicate'", id="unknown command"),
        pytest.param(["--frob"], "unrecognized arguments: --frob", id="unknown option"),
        pytest.param(["--vers"], "unrecognized arguments: --vers", id="no abbreviations"),
        pytest.param(["--log-level", "loud"], "invalid choice: 'loud'", id="log level"),
        pytest.param(["--tcp", "here"], "'here' is not [HOST:]PORT", id="no port"),
        pytest.param(["--tcp", "65536"], "'65536' is not [HOST:]PORT", id="port too high"),
        pytest.param(["--tcp", "h:-1"], "'h:-1' is not [HOST:]PORT", id="negative port"),
        pytest.param(["config", "--frob"], "unrecognized arguments: --frob", id="of a command"),
        pytest.param(["demo", "--sv", "x"], "unrecognized arguments: --sv", id="abbreviated"),
    ],
)
def test_wrong_arguments_are_explained_on_standard_error(
    argv: Sequence[str], words: str, tmp_path: Path
) -> None:
    result = run(tmp_path, *argv)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_log_file_that_cannot_be_written(tmp_path: Path) -> None:
    result = run(tmp_path, "--log-file", str(tmp_path / "missing" / "log"), "config")
    assert result.returncode == 2
    assert "cannot be written: No such file or directory" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_address_that_cannot_be_listened_on(tmp_path: Path) -> None:
    result = run(tmp_path, "--tcp", "203.0.113.1:0")
    assert result.returncode == 2
    assert "cannot listen on" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is an OSError there")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("argv", [["demo"], ["config"], ["config", "--json"]], ids=" ".join)
def test_a_reader_that_has_read_enough(
    argv: Sequence[str], unbuffered: str, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ds_lsp", *argv],
        env=environment(tmp_path, PYTHONUNBUFFERED=unbuffered),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        # As `head -0` does: closed before the first line is there.
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk at hand")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_said(unbuffered: str, tmp_path: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run(
            [sys.executable, "-m", "ds_lsp", "config"],
            env=environment(tmp_path, PYTHONUNBUFFERED=unbuffered),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (result.returncode, result.stderr) == (1, "ds-lsp config: No space left on device\n")


def test_the_server_imports_no_command(tmp_path: Path) -> None:
    code = (
        "import sys, ds_lsp.cli, ds_lsp.lsp.app\n"
        "print([name for name in sys.modules if name.startswith('ds_lsp.commands')])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout == "[]\n"


def test_an_interrupt_while_a_module_is_imported_ends_it_without_a_traceback() -> None:
    # As Ctrl-C would: the import system is interrupted at whatever comes next.
    code = (
        "import os, sys\n"
        "before = set(sys.modules)\n"
        "from ds_lsp.cli import main\n"
        "assert set(sys.modules) - before == {'ds_lsp', 'ds_lsp.cli'}\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "sys.exit(main([]))\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True)
    assert (done.returncode, done.stderr) == (130, b"")


@pytest.mark.parametrize("argv", [[], ["--stdio"], ["--distrust-editor"]])
def test_an_interrupt_where_exceptions_are_lost_ends_it_without_a_word(argv: list[str]) -> None:
    # What an import throws away may run code, whose exceptions are printed and then forgotten.
    code = (
        "import os, signal, sys\n"
        "from ds_lsp.cli import main\n"
        "class Thrown:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        'the handler has run'\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        name == 'ds_lsp.lsp.app' and Thrown()\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        f"main({argv})\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
