"""The command line: options, subcommands, and the file for logs.

A server that an editor starts answers ``initialize`` first, so only the modules which that answer
needs are imported by then. Above `main`, only modules are imported that Python has imported
by itself: an interrupt there would print a traceback.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from types import FrameType

    from ds_lsp.lsp.transport.early_initialize import EarlyInitialize

COMMANDS = {
    "demo": "show completions at work in this terminal; needs no key and no network",
    "complete": "print one completion for FILE:LINE:COL",
    "explain": "explain FILE, or FILE:LINE, or FILE:LINE-LINE",
    "doctor": "check everything from the settings to the model's answers, and say what to do",
    "models": "list DeepSeek's models, and which of them are used",
    "balance": "print what is left on the DeepSeek account",
    "usage": "show requests, tokens and an estimate of the money, and what was accepted",
    "why": "say whether a file may be completed and sent, and which rule says so",
    "editor": "print the configuration for an editor, or merge it into your own with --install",
    "config": "show the settings in force and where each came from",
}
"""Subcommand to its help. Each is a module of `ds_lsp.commands`, imported when it is run."""

_LOOPBACK = "127.0.0.1"
_DISTRUST = "--distrust-editor"


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run ds-lsp. Return the exit status: 0 success, 1 a command has failed, 2 wrong usage."""
    words = sys.argv[1:] if argv is None else argv
    try:
        import signal

        from ds_lsp.lsp.transport.early_initialize import NO_EARLY_INITIALIZE, answer_early

        early = NO_EARLY_INITIALIZE
        if set(words) <= {"--stdio", _DISTRUST}:
            # These handlers hold until the server installs its own; so far there is nothing to
            # clean up. Otherwise an interrupt would be an exception, which some imports print and
            # others lose.
            signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
            if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
                signal.signal(signal.SIGINT, lambda *_: os._exit(130))
            early = answer_early(sys.stdin.fileno(), sys.stdout.fileno())
        return _run(words, early)
    except KeyboardInterrupt:
        return 130


def _run(words: "Sequence[str]", early: "EarlyInitialize") -> int:
    from ds_lsp.logs import configure_logging

    parser = _parser()
    arguments = parser.parse_args(words)
    # A command reports its errors on stderr in its own words; the log would repeat them.
    level = arguments.log_level or ("error" if arguments.command else "warning")
    try:
        configure_logging(level, arguments.log_file)
    except OSError as exc:
        parser.error(f"the log file {arguments.log_file} cannot be written: {exc.strerror}")
    try:
        if arguments.command:
            return _run_command(arguments.command, arguments.rest)
        _serve(arguments.tcp, early, trusts_editor=not arguments.distrust_editor)
    except OSError as exc:
        parser.error(f"cannot listen on {arguments.tcp}: {exc.strerror}")
    return 0


def _parser() -> "argparse.ArgumentParser":
    import argparse
    from pathlib import Path

    import ds_lsp
    from ds_lsp.logs import LEVELS

    parser = argparse.ArgumentParser(
        prog="ds-lsp",
        usage="ds-lsp [options] [COMMAND ...]",
        description="A code-completion language server. Without a command it serves an editor on "
        "stdin and stdout.",
        epilog="commands (each has --help):\n"
        + "\n".join(f"  {name:<10} {meaning}" for name, meaning in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"ds-lsp {ds_lsp.__version__}")
    parser.add_argument("--stdio", action="store_true", help="serve on stdin and stdout (default)")
    parser.add_argument(
        _DISTRUST,
        action="store_true",
        help="treat the editor's initializationOptions like a project's file: they choose no "
        "command, address, key or provider; for editors that read them from projects, as Kate does",
    )
    parser.add_argument(
        "--tcp",
        metavar="[HOST:]PORT",
        type=_address,
        help="for debugging: serve one client on a socket instead, on this machine alone unless "
        "HOST is given. It must send the token that is printed, or that the environment variable "
        "DS_LSP_TCP_TOKEN names, as initializationOptions.token; it cannot set the key, a "
        "command, the provider or an address",
    )
    parser.add_argument(
        "--log-level", choices=LEVELS, help="default: warning; with a command: error"
    )
    parser.add_argument("--log-file", type=Path, metavar="PATH", help="log here, not to stderr")
    parser.add_argument("command", nargs="?", choices=COMMANDS, help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _run_command(command: str, arguments: "Sequence[str]") -> int:
    import importlib

    _interrupt_by_signals()
    module = importlib.import_module(f"ds_lsp.commands.{command}")
    try:
        status: int = module.main(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reading program, such as `head`, has read enough.
        _give_up_stdout()
        return 1
    except OSError as exc:
        # Such as a full disk. Errors that a command can foresee, it reports itself.
        sys.stderr.write(f"ds-lsp {command}: {exc.strerror or exc}\n")
        _give_up_stdout()
        return 1
    return status


def _interrupt_by_signals() -> None:
    """Make SIGHUP and SIGTERM end a command as Ctrl-C does.

    A process that the command has started, such as the command for the key, has a session of its
    own, which no signal to this process reaches.
    """
    import signal

    def interrupt(number: int, frame: "FrameType | None") -> None:
        # An event loop has installed its own handler, which cancels the main task: its clean-up
        # runs.
        on_interrupt = signal.getsignal(signal.SIGINT)
        if not callable(on_interrupt):
            raise KeyboardInterrupt
        on_interrupt(number, frame)

    for name in ("SIGHUP", "SIGTERM"):
        number = getattr(signal, name, None)
        # A signal that is ignored, as under nohup, stays ignored.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)


def _give_up_stdout() -> None:
    """Send stdout to the null device: the final flush would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _address(text: str) -> tuple[str, int]:
    import argparse

    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not [HOST:]PORT")
    # The brackets separate an IPv6 address from its port.
    return host.removeprefix("[").removesuffix("]") or _LOOPBACK, int(port)


def _serve(
    address: tuple[str, int] | None, early: "EarlyInitialize", *, trusts_editor: bool
) -> None:
    from ds_lsp.lsp.app import serve_stdio, serve_tcp

    if address:
        serve_tcp(*address)
    else:
        serve_stdio(early, trusts_editor=trusts_editor)
