"""VS Code in a browser, both without a screen: keys go in, what is shown comes out."""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

from tests.editors.polling import DEADLINE_S, wait_for

USER_SETTINGS = {
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    # Settings are edited beside other files: a window over those would take all keys.
    "workbench.editor.useModal": "off",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "extensions.ignoreRecommendations": True,
    "git.enabled": False,
    "chat.disableAIFeatures": True,
    "editor.minimap.enabled": False,
    # Tab would take a word of the menu, where a busy machine has let that open first.
    "editor.wordBasedSuggestions": "off",
    # What is put into a settings file is to be in it, and no more.
    "[jsonc]": {"editor.autoClosingBrackets": "never", "editor.autoClosingQuotes": "never"},
    "breadcrumbs.enabled": False,
    "editor.fontSize": 15,
}
_SERVER = (
    *("--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"),
    *("--disable-getting-started-override", "--ignore-last-opened"),
)
_BROWSER = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"),
    # Nothing but this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_READ_GHOST_TEXT = """() => {
  const editor = document.querySelector('.editor-group-container.active .monaco-editor');
  if (!editor) return '';
  const read = (element) => element.textContent.replace(/\\u00a0/g, ' ').replace(/\\u200b/g, '');
  const ghosts = '[class*="ghost-text-decoration"]';
  const lines = [...editor.querySelectorAll('.view-lines .view-line')]
    .map((line) => [...line.querySelectorAll(ghosts)].map(read).join(''))
    .filter((text) => text);
  const below = [...editor.querySelectorAll('.suggest-preview-text .view-line')].map(read);
  return [...lines, ...below].join('\\n');
}"""
_WATCH_GHOST_TEXT = f"""() => {{
  const read = {_READ_GHOST_TEXT};
  const seen = window.ghostTexts = [];
  const look = () => {{
    if (window.ghostTexts !== seen) return;
    seen.push(read());
    requestAnimationFrame(look);
  }};
  look();
}}"""
_READ_TOASTS = """() => [...document.querySelectorAll(
  '.notification-toast .notification-list-item-message')].map((each) => each.textContent)"""


@dataclass(frozen=True, slots=True)
class Programs:
    code_server: str
    chromium: str
    vsix: Path


class VSCode:
    """One code-server with the extension, on a new profile, and one window of it."""

    def __init__(
        self, programs: Programs, root: Path, folder: Path, env: Mapping[str, str]
    ) -> None:
        self._programs = programs
        self._root = root
        self._env = dict(env) | {"EXTENSIONS_GALLERY": "{}"}
        self._data = root / "data"
        for each in ("User", "Machine"):
            (self._data / each).mkdir(parents=True)
        (self._data / "User" / "settings.json").write_text(json.dumps(USER_SETTINGS))
        (root / "config.yaml").write_text("auth: none\n")
        self._requested: list[str] = []
        self._install()
        self._port = _free_port()
        self._log = (root / "code-server.log").open("w")
        self._server = self._serve()
        self._playwright = sync_playwright().start()
        with ExitStack() as half_open:
            half_open.callback(self.close)
            self._context = self._playwright.chromium.launch_persistent_context(
                root / "profile",
                executable_path=programs.chromium,
                headless=True,
                args=list(_BROWSER),
                viewport={"width": 900, "height": 480},
            )
            self.page = self._context.pages[0]
            self.page.set_default_timeout(1000 * DEADLINE_S)
            self.page.goto(f"http://127.0.0.1:{self._port}/?folder={folder}")
            self.page.wait_for_selector('[id$="ds-lsp.status"]')
            self.run("View: Toggle Primary Side Bar Visibility")
            half_open.pop_all()

    def close(self) -> None:
        with suppress(Error, AttributeError):
            self._context.close()
        self._playwright.stop()
        self._server.terminate()
        self._server.wait(30)
        # Its helpers, as the one for Markdown, do not notice that it has ended.
        with suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._log.close()

    # Keys.

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text, delay=60)

    def run(self, title: str) -> None:
        """A command, by its title in the palette."""
        self._pick("F1", title, f'[aria-label^="{title}"]')

    def open(self, name: str, line: int, column: int) -> None:
        """A file of the folder; the cursor counts from 1, in UTF-16."""
        self._pick("Control+P", f"{name}:{line}:{column}", f'[aria-label^="{name}"]')
        # The tab comes first, and keys would still go into the file before.
        self.page.wait_for_selector(f'.monaco-editor.focused[data-uri$="/{name}"]')

    def answer(self, text: str) -> None:
        """Into the box that asks for a line."""
        self.page.wait_for_selector(".quick-input-widget input[type=password]")
        self.page.keyboard.insert_text(text)
        self.press("Enter")

    def click_action(self, title: str) -> None:
        """In the menu of code actions that is open."""
        self.page.locator(f'.action-widget .monaco-list-row:has-text("{title}")').click()

    def click_status(self) -> None:
        self.page.locator('[id$="ds-lsp.status"] a').click()

    def pick(self, label: str) -> None:
        """In the list that is open."""
        self.page.locator(f'.quick-input-list .monaco-list-row:has-text("{label}")').click()

    def click_button(self, label: str) -> None:
        """Of a message."""
        self.page.locator(f'.notification-toast .monaco-button:has-text("{label}")').click()

    def _pick(self, keys: str, text: str, row: str) -> None:
        self.press(keys)
        box = self.page.wait_for_selector(".quick-input-widget .quick-input-filter input")
        assert box
        box.fill((">" if keys == "F1" else "") + text)
        # Until the list has been filtered, Enter takes what was used last.
        self.page.wait_for_selector(f".quick-input-list .monaco-list-row.focused{row}")
        self.press("Enter")

    # What is shown.

    def ghost_text(self) -> str:
        """Lines below the cursor's hold what stood behind it, too, at their end."""
        return str(self.page.evaluate(_READ_GHOST_TEXT))

    def watch_ghost_text(self) -> None:
        """In every frame, until `ghost_texts` says what it was."""
        self.page.evaluate(_WATCH_GHOST_TEXT)

    def ghost_texts(self) -> list[str]:
        seen = "const seen = window.ghostTexts; window.ghostTexts = []; return seen"
        return [str(each) for each in self.page.evaluate(f"() => {{ {seen} }}")]

    def toasts(self) -> list[str]:
        return [str(each) for each in self.page.evaluate(_READ_TOASTS)]

    def status(self) -> str:
        """What the status bar's item says, and when it is pointed at."""
        item = self.page.locator('[id$="ds-lsp.status"]')
        return f"{item.inner_text()}\n{item.get_attribute('aria-label')}"

    def previews(self) -> str:
        """The text of every rendered document."""
        texts = []
        for frame in self.page.frames:
            # The frame may be gone again.
            with suppress(Error):
                text = frame.evaluate("document.querySelector('.markdown-body')?.innerText ?? ''")
                texts.append(str(text))
        return "\n".join(texts)

    def links_of_previews(self) -> list[str]:
        return self._attributes("a", "href")

    def sources_of_previews(self) -> list[str]:
        """What pictures, frames and styles of rendered documents are loaded from."""
        return self._attributes("img, image, iframe, link, script", "src")

    def _attributes(self, selector: str, name: str) -> list[str]:
        read = (
            "([selector, name]) => !document.querySelector('.markdown-body') ? [] :"
            " [...document.querySelectorAll('.markdown-body ' + selector)]"
            ".map((each) => each.dataset[name] ?? each.getAttribute(name) ?? '')"
        )
        found: list[str] = []
        for frame in self.page.frames:
            with suppress(Error):
                found += map(str, frame.evaluate(read, [selector, name]))
        return found

    def watch_requests(self) -> None:
        """From now on; also those that fail, as all do that leave this machine."""
        self._requested.clear()
        self._context.on("request", lambda request: self._requested.append(request.url))

    def requested(self) -> list[str]:
        """The addresses asked for from then on, up to a request that is made now."""
        mark = f"http://127.0.0.1:{self._port}/healthz?{len(self._requested)}"
        self.page.evaluate("(url) => fetch(url).then(() => null)", mark)
        wait_for("request", lambda: mark in self._requested)
        return [url for url in self._requested if url != mark]

    def wait_for_ghost_text(self, text: str) -> None:
        wait_for(f"ghost text {text!r}", lambda: self.ghost_text() == text, self._seen)

    def wait_for_no_ghost_text(self) -> None:
        wait_for("end of the ghost text", lambda: not self.ghost_text(), self._seen)

    def wait_for_toast(self, text: str) -> None:
        wait_for(
            f"message {text!r}", lambda: any(text in each for each in self.toasts()), self._seen
        )

    def wait_for_status(self, text: str) -> None:
        wait_for(f"status {text!r}", lambda: text in self.status(), self._seen)

    def wait_for_row(self, text: str) -> None:
        self.page.wait_for_selector(f'.quick-input-list .monaco-list-row:has-text("{text}")')

    def wait_for_preview(self, text: str) -> None:
        wait_for(f"preview of {text!r}", lambda: text in self.previews(), self._seen)

    def _seen(self) -> object:
        self.page.screenshot(path=self._root / "failed.png")
        return self.ghost_text(), self.toasts(), self.status(), self.previews(), self._root

    # code-server.

    def _command(self, *arguments: str) -> list[str]:
        return [
            self._programs.code_server,
            *("--config", str(self._root / "config.yaml"), "--user-data-dir", str(self._data)),
            *("--extensions-dir", str(self._root / "extensions"), *arguments),
        ]

    def _install(self) -> None:
        done = subprocess.run(
            self._command("--install-extension", str(self._programs.vsix)),
            env=self._env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "successfully installed" in done.stdout, done.stdout + done.stderr

    def _serve(self) -> "subprocess.Popen[bytes]":
        address = f"127.0.0.1:{self._port}"
        server = subprocess.Popen(
            self._command(*_SERVER, "--bind-addr", address),
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

        def is_up() -> bool:
            with suppress(OSError):
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(f"http://{address}/healthz") as answer:
                    return bool(answer.status == 200)
            return False

        wait_for("code-server", is_up)
        return server


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
