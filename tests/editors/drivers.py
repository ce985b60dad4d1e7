"""The editors as their users have them: which files they copied, and which keys they press."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.editors.picture import draw
from tests.editors.project import INDENT, SETUPS, TYPED, Project
from tests.editors.terminal import Terminal

Keys = tuple[str, ...]
"""Names of keys as tmux has them; with a quote before it, a text that is typed; with a question
mark, one that is waited for on the screen."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One editor, with one of its set-ups."""

    name: str
    program: str
    """As ``.ci/editors`` calls it."""
    set_up: Callable[[Project], None]
    """Does what its README says."""
    arguments: Callable[[str, int, int], Keys]
    """What opens a file with the cursor at a line and a column, both from 1."""
    before: tuple[str, str] = ("", "")
    """A file below the home, and what the user has in it before that."""
    is_ready: str = ""
    """What is on the screen once keys mean what they should."""
    insert: Keys = ()
    append: Keys = ()
    """Begin to type before the cursor, or at the end of its line."""
    glance: tuple[Keys, Keys] = ((), ())
    """What shows a message that is not to be seen while one types, and what goes back to typing."""
    choose: Keys = ()
    """What comes before `accept`, where the text is not shown in place by itself."""
    accept: Keys = ("Tab",)
    dismiss: Keys = ("C-g",)
    save: Keys = ()
    explain: Keys = ()
    quit: Keys = ()
    """Whatever is shown, and whatever has not been saved."""
    asks_along: bool = True
    """The server is asked again for what is typed along; until it has answered, the menu or the
    ghost text may be taken away. False where the editor goes on by itself."""
    has_menu: bool = False
    """The completion is an item of a menu, and in the text only once it is chosen."""
    died: str = ""
    """What is on the screen when the server has died."""
    restart: Keys = ()
    """What starts it again, where the editor does not do so by itself."""


def _follow_readme(name: str, block: int = 0) -> Callable[[Project], None]:
    """Run the commands that the editor's README names, as they stand, in the project's home."""
    text = (SETUPS / name / "README.md").read_text("utf-8")
    commands = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[block]

    def follow(project: Project) -> None:
        project.run("sh", "-e", "-c", commands)

    return follow


# What a user has in place already: colors as in any terminal that says it has them.
_NEOVIM = "vim.o.termguicolors = true\n"

# The same; and Emacs's questions at its first start.
_EMACS = """\
(setq inhibit-startup-screen t make-backup-files nil eglot-autoreconnect t
      lsp-auto-guess-root t lsp-enable-suggest-server-download nil
      lsp-warn-no-matched-clients nil)
;; Whatever servers this machine happens to have.
(with-eval-after-load 'eglot (setq eglot-server-programs nil))
"""

NEOVIM = Driver(
    "neovim",
    "nvim",
    _follow_readme("neovim"),
    lambda file, line, column: (f"+call setcursorcharpos({line},{column})", file),
    before=(".config/nvim/init.lua", _NEOVIM),
    insert=("i",),
    append=("A",),
    glance=(("Escape",), ("A",)),
    dismiss=("Escape",),
    save=("Escape", "':w", "Enter"),
    explain=("g", "r", "e"),
    quit=("Escape", "':qa!", "Enter"),
    died="quit with exit code",
    restart=("Escape", "':edit", "Enter"),
)

HELIX = Driver(
    "helix",
    "hx",
    _follow_readme("helix"),
    lambda file, line, column: (f"{file}:{line}:{column}",),
    is_ready="NOR",
    insert=("i",),
    append=("A",),
    choose=("Tab",),
    accept=("Enter",),
    dismiss=("C-c",),
    # An Escape that is read together with the next key is Alt with that key.
    save=("Escape", "?NOR", "':write", "Enter"),
    explain=("Space", "a", "?Explain the function", "C-n", "Enter"),
    quit=("Escape", "?NOR", "Escape", "Left", "':quit-all!", "Enter"),
    has_menu=True,
    died="exited",
    restart=("':lsp-restart ds-lsp", "Enter"),
)

_EMACS_QUIT = ("M-x", "'kill-emacs", "Enter")

EGLOT = Driver(
    "emacs-eglot",
    "emacs",
    _follow_readme("emacs"),
    lambda file, line, column: ("-nw", f"+{line}:{column}", file),
    before=(".emacs.d/init.el", _EMACS),
    append=("C-e",),
    save=("C-x", "C-s"),
    explain=("M-x", "'ds-lsp-explain", "Enter"),
    quit=_EMACS_QUIT,
    asks_along=False,
    died="Reconnected!",
)

LSP_MODE = Driver(
    "emacs-lsp-mode",
    "emacs",
    _follow_readme("emacs", block=1),
    lambda file, line, column: ("-nw", f"+{line}:{column}", file),
    before=(".emacs.d/init.el", _EMACS),
    append=("C-e",),
    # It counts the completions where the message was.
    glance=(("C-h", "e"), ("C-x", "1")),
    save=("C-x", "C-s"),
    explain=("M-x", "'lsp-ds-lsp-explain", "Enter"),
    quit=_EMACS_QUIT,
    asks_along=False,
    died="Do you want to restart",
    # lsp-mode goes on at the next key.
    restart=("y", "C-e"),
)

VIM = Driver(
    "vim-ale",
    "vim",
    _follow_readme("others", block=1),
    lambda file, line, column: (f"+call setcursorcharpos({line},{column})", file),
    insert=("i",),
    append=("A",),
    choose=("C-n",),
    accept=("C-y",),
    dismiss=("C-e",),
    save=("Escape", "':w", "Enter"),
    # Of the whole file: without a selection, ALE means the word at the cursor.
    explain=("'ggVG:ALECodeAction", "Enter", "?Explain the selection", "1", "Enter"),
    quit=("Escape", "':qa!", "Enter"),
    asks_along=False,
    has_menu=True,
)
"""Not one of those below: ALE shows no documents, and counts columns in bytes."""

DRIVERS = (NEOVIM, HELIX, EGLOT, LSP_MODE)


class Editor:
    """A driver's editor, at work on the project's file."""

    def __init__(self, driver: Driver, terminal: Terminal, project: Project) -> None:
        self.driver = driver
        self.terminal = terminal
        self._project = project

    def wait_until_ready(self) -> None:
        self.terminal.wait_for_text(self.driver.is_ready)
        self._project.wait_for_message("editor", "textDocument/didOpen")

    def press(self, keys: Keys) -> None:
        for key in keys:
            if key.startswith("'"):
                self.terminal.type(key[1:])
            elif key.startswith("?"):
                self.terminal.wait_for_text(key[1:])
            else:
                self.terminal.press(key)

    def type(self, text: str) -> None:
        self.terminal.type(text)

    def type_along(self, text: str, before: str) -> None:
        """Type what is offered, so that the line is *before*, and wait for the rest of it."""
        self.type(text)
        if self.driver.asks_along:
            self._project.wait_for_completion_after(before)

    def take_picture(self, subject: str) -> None:
        """For the editor's README, where ``TEST_EDITORS_PICTURES=1`` asks for it."""
        if os.environ.get("TEST_EDITORS_PICTURES") == "1":
            folder, _, variant = self.driver.name.partition("-")
            name = f"{variant}-{subject}.svg" if variant else f"{subject}.svg"
            picture = draw(self.terminal.styled(), f"{self.driver.name}: {subject}")
            (SETUPS / folder / name).write_text(picture)

    def complete(self, shown: str, *, below: str = "") -> None:
        """Type the first letters at the end of the line, and wait for the rest on the screen."""
        self.press(self.driver.append)
        self.type(TYPED)
        # What an earlier letter was answered with looks the same.
        self._project.wait_for_completion_after(INDENT + TYPED)
        self.terminal.wait_for_text(shown, below=below)

    def accept(self) -> None:
        self.press(self.driver.choose)
        self.press(self.driver.accept)

    def save(self, text: str) -> None:
        """Save, and wait until *text* is what the file has."""
        self.press(self.driver.save)
        self._project.wait_for_file(text)

    def quit(self) -> None:
        self.press(self.driver.quit)
        self.terminal.wait_for_end()

    def quit_in_order(self) -> None:
        """Quit; the server ends too, and has had nothing to complain."""
        self.quit()
        self._project.wait_for_server_end()
        self._project.check_server()
