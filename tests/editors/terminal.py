"""A terminal for the editors that need one: keys go in, the screen comes out."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.editors.polling import wait_for

_SETTINGS = "set -g remain-on-exit on\nset -g escape-time 0\n"
"""What the editor left on the screen is to be read, too; an Escape is an Escape at once."""


class Terminal:
    """One program in a tmux server of its own."""

    def __init__(self, sockets: Path, cwd: Path, env: Mapping[str, str], *command: str) -> None:
        self._socket = sockets / "tmux"
        self._status = sockets / "status"
        settings = sockets / "tmux.conf"
        settings.write_text(_SETTINGS)
        self._env = dict(env)
        self._tmux(
            *("-f", str(settings)),
            *("new-session", "-d", "-x", "100", "-y", "30", "-c", str(cwd)),
            # tmux's own word for how a program ended is not always there.
            *("sh", "-c", '"$@"; echo $? >"$0"', str(self._status), *command),
        )

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: ``Escape``, ``C-x``, ``Enter``."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def screen(self) -> str:
        """What is on the screen, without the blank lines."""
        return "\n".join(line for line in self._tmux("capture-pane", "-p").split("\n") if line)

    def wait_for_text(self, text: str, *, below: str = "") -> None:
        """Wait for *text* on the screen, somewhere after the text *below*."""

        def look() -> bool:
            screen = self.screen()
            return below in screen and text in screen[screen.index(below) :]

        wait_for(f"{text!r} on the screen", look, self.screen)

    def wait_until_gone(self, text: str) -> None:
        wait_for(f"end of {text!r} on the screen", lambda: text not in self.screen(), self.screen)

    def styled(self) -> str:
        """The screen with its colors, as the terminal's own escape sequences."""
        return self._tmux("capture-pane", "-p", "-e", "-N")

    def wait_for_end(self) -> int:
        """The exit status of the program."""
        return int(wait_for("end of the editor", self._read_status, self.screen))

    def close(self) -> None:
        self._tmux("kill-server")

    def _read_status(self) -> str:
        return self._status.read_text().strip() if self._status.exists() else ""

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), *arguments],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"tmux {arguments[0]}: {done.stderr}"
        return done.stdout
