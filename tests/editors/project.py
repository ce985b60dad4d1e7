"""A small project to complete in, an empty home, and the real server behind a tee."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.editors import tee
from tests.editors.polling import wait_for
from tests.fake_deepseek import FakeDeepSeek, Recorded, Send, sse

REPOSITORY = Path(__file__).parents[2]
SETUPS = REPOSITORY / "editors"
"""What users copy is what is tested."""

TOOLS = ("cat", "dirname", "ls", "mkdir", "mktemp", "sh", "sleep", "tmux", "uname")
"""Programs of this machine that a test's editor finds: the READMEs and start scripts call them.

Editors start language servers, linters and formatters that they find on the PATH.
"""

_LEARNT = "class Box:\n" + "".join(
    f"    def {name}(self):\n        return self.bar(1, 2)\n\n"
    for name in ("width", "height", "depth", "weight", "volume", "color")
)
"""So often that the answer is the same at whichever letter an editor asks.

In the document itself, which is learnt before the first request; other files may come later.
"""
COMPLETION_METHODS = ("textDocument/completion", "textDocument/inlineCompletion")
ABOVE = "def radius(self):"
"""The line above the cursor's."""
_BEFORE = f"{_LEARNT}class Ball:\n    {ABOVE}\n        \n"
LINE = _BEFORE.count("\n")
COLUMN = 9
"""Of the cursor, at the end of its line; both from 1."""
INDENT = " " * (COLUMN - 1)
TYPED = "ret"
SHOWN = "urn self.bar(1, 2)"
COMPLETED = _BEFORE.rstrip("\n") + TYPED + SHOWN + "\n"


class Project:
    """Everything one editor's session needs, below *root*."""

    def __init__(self, root: Path) -> None:
        self.more_env: dict[str, str] = {}
        self.before = ""
        """What is in the file when the editor is opened."""
        self.root = root / "project"
        self.home = root / "home"
        self.file = self.root / "ball.py"
        self._log = root / "messages.jsonl"
        self._stderr = root / "stderr"
        self._bin = root / "bin"
        self._tools = root / "tools"
        self.server_script = self._bin / "ds-lsp"
        for folder in (self.root / ".git", self.home, self._bin, self._tools):
            folder.mkdir(parents=True)
        for name in TOOLS:
            if found := shutil.which(name):
                (self._tools / name).symlink_to(found)
        self.write(_BEFORE)
        self.serve_with(sys.executable, "-m", "ds_lsp")

    @property
    def env(self) -> Mapping[str, str]:
        """The environment without the user's own settings, key and terminal."""
        dropped = ("DS_LSP_", "DEEPSEEK_", "XDG_", "TMUX", "NVIM", "VIM", "HELIX", "EMACS", "LC_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        return kept | {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": f"{self._bin}{os.pathsep}{self._tools}",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            **self.more_env,
        }

    def use(self, deepseek: FakeDeepSeek, key: str | None = None) -> None:
        """Complete with the stand-in, and not from the workspace alone."""
        self.more_env["DS_LSP_BASE_URL"] = deepseek.url
        self.more_env["DEEPSEEK_API_KEY"] = key or deepseek.key

    def serve_with(self, *command: str) -> None:
        """``ds-lsp`` on the PATH, with this checkout's modules and behind the tee."""
        plain = (sys.executable, "-m", "ds_lsp")
        command = (sys.executable, tee.__file__, str(self._log), *command)
        script = self.server_script
        # No exec: Helix kills what it started, and the end that the server makes is to be seen.
        script.write_text(
            "#!/bin/sh\n"
            f"export PYTHONPATH={shlex.quote(str(REPOSITORY))}${{PYTHONPATH:+:$PYTHONPATH}}\n"
            f'[ "$1" != editor ] || exec {shlex.join(plain)} "$@"\n'
            f'{shlex.join(command)} "$@" 2>>{shlex.quote(str(self._stderr))}\n'
        )
        script.chmod(0o755)

    def add_to_home(self, name: str, text: str) -> None:
        path = self.home / name
        if name:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, *command: str) -> str:
        """Run a program in the project, and return what it has written."""
        done = subprocess.run(
            command, env=self.env, cwd=self.root, capture_output=True, text=True, timeout=60
        )
        said = "" if "--batch" in command else done.stderr
        assert (done.returncode, said) == (0, ""), done.stderr
        return done.stdout

    def add_command(self, name: str, *command: str) -> None:
        """Put something else on the PATH."""
        script = self._bin / name
        script.write_text(f"#!/bin/sh\nexec {shlex.join(command)}\n")
        script.chmod(0o755)

    def write(self, text: str) -> None:
        self.before = text
        # Line ends are kept as they are.
        self.file.write_bytes(text.encode())

    def messages(self, sender: str) -> list[Any]:
        """What the editor or the server has said so far."""
        return [entry["message"] for entry in self._entries() if entry.get("from") == sender]

    def count(self, method: str) -> int:
        """How often the editor has said this."""
        return sum(m.get("method") == method for m in self.messages("editor"))

    def wait_for_message(self, sender: str, method: str) -> Any:
        def look() -> Any:
            return next((m for m in self.messages(sender) if m.get("method") == method), None)

        return wait_for(f"{method} from the {sender}", look, self._log_tail)

    def wait_for_openings(self, count: int) -> None:
        """Wait until the editor has opened documents so often, as it does in a second server."""
        what = f"opening number {count}"
        wait_for(what, lambda: self.count("textDocument/didOpen") == count, self._log_tail)

    def wait_for_completion_after(self, before: str) -> None:
        """Wait until the server has answered a request behind *before*, a line's beginning."""
        # In the units of UTF-8 and of UTF-16.
        columns = (len(before.encode()), len(before.encode("utf-16-le")) // 2)

        def is_answered() -> bool:
            answered = {m["id"] for m in self._answers()}
            return any(
                m["id"] in answered
                for m in self.messages("editor")
                if m.get("method") in COMPLETION_METHODS
                and m["params"]["position"]["character"] in columns
            )

        wait_for(f"answer behind {before!r}", is_answered, self._log_tail)

    def wait_for_file(self, text: str) -> None:
        # Editors rename a new file into place: it may be absent for a moment.
        wait_for(
            "file's new text",
            lambda: self._read() == text,
            lambda: repr(self._read()),
        )

    def _read(self) -> str:
        return self.file.read_bytes().decode() if self.file.exists() else ""

    def kill_server(self) -> None:
        *_, entry = (entry for entry in self._entries() if "pid" in entry)
        os.kill(entry["pid"], signal.SIGKILL)

    def wait_for_server_end(self) -> int:
        """The exit status of the server."""
        entries = wait_for(
            "end of the server",
            lambda: [entry for entry in self._entries() if "status" in entry],
            self._log_tail,
        )
        assert len(entries) == 1, "the editor started the server more than once"
        return int(entries[0]["status"])

    def shown(self) -> list[str]:
        """The messages that the server had shown."""
        return [
            m["params"]["message"]
            for m in self.messages("server")
            if m.get("method") == "window/showMessage"
        ]

    def check_server(self) -> None:
        """The server answered every request once, without an error, and had nothing to complain."""
        wait_for("last answer", lambda: set(self._asked()) <= {m["id"] for m in self._answers()})
        asked, answers = self._asked(), self._answers()
        assert Counter(m["id"] for m in answers) <= Counter(asked)
        assert [m["error"] for m in answers if "error" in m] == []
        assert self.shown() == []
        assert self._stderr.read_text() == ""

    def _asked(self) -> list[Any]:
        return [m["id"] for m in self.messages("editor") if "method" in m and "id" in m]

    def _answers(self) -> list[Any]:
        return [m for m in self.messages("server") if "method" not in m]

    def _entries(self) -> list[Any]:
        if not self._log.exists():
            return []
        lines = self._log.read_text().splitlines(keepends=True)
        # The last line may be half written.
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def _log_tail(self) -> str:
        stderr = self._stderr.read_text() if self._stderr.exists() else "never started"
        return "\n".join([json.dumps(entry)[:300] for entry in self._entries()[-12:]] + [stderr])


def completing(whole: str) -> Callable[[Recorded], Iterable[Send]]:
    """A model that goes on with *whole* at whichever of its letters it is asked."""

    def script(request: Recorded) -> Iterable[Send]:
        prompt = str(request.body["prompt"])
        said = max(n for n in range(len(whole)) if prompt.endswith(whole[:n]))
        return sse(whole[said:])

    return script
