"""Each key of Neovim does what it did where there is no ghost text, whoever mapped it and when."""

from dataclasses import dataclass, replace

import pytest

from tests.editors.conftest import Open
from tests.editors.drivers import NEOVIM, Driver, Editor, Keys
from tests.editors.project import ABOVE, COMPLETED, INDENT, LINE, SHOWN, TYPED, Project

INIT, BEFORE = NEOVIM.before
FIRST_LINE: Keys = ("g", "g", "O")
LAST_LINE: Keys = ("Escape", "G", "A")


@dataclass(frozen=True, slots=True)
class Row:
    """A mapping in the user's init.lua, and what the keys write on a new line because of it."""

    kind: str
    init: str
    keys: Keys
    written: str
    start: Keys = FIRST_LINE


def _vim(commands: str) -> str:
    return f"vim.cmd([==[\n{commands}\n]==])\n"


# As blink.cmp does: once for each buffer, over the mapping that is there, which it calls itself.
_BLINK = """
vim.api.nvim_create_autocmd('InsertEnter', { callback = function()
  for _, map in ipairs(vim.api.nvim_buf_get_keymap(0, 'i')) do
    if map.desc == 'blink.cmp' then return end
  end
  local function find(maps)
    for _, map in ipairs(maps) do
      if map.lhs == '<Tab>' and map.desc ~= 'blink.cmp' then return map end
    end
  end
  local below = find(vim.api.nvim_buf_get_keymap(0, 'i'))
  local function press()
    if vim.api.nvim_get_current_line():match('menu$') then return 'BLINK' end
    local map = below or find(vim.api.nvim_get_keymap('i'))
    if not map then return vim.keycode('<Tab>') end
    if map.expr ~= 1 then vim.schedule(map.callback) return end
    local keys = map.callback()
    return map.replace_keycodes == 1 and vim.keycode(keys) or keys
  end
  vim.api.nvim_buf_set_keymap(0, 'i', '<Tab>', '', { callback = press, expr = true, silent = true,
    noremap = true, replace_keycodes = false, desc = 'blink.cmp' })
end })
"""

# As nvim-cmp does: at each InsertEnter, over the mapping that is there, which it feeds by a <Plug>.
_CMP = """
vim.api.nvim_create_autocmd('InsertEnter', { callback = function()
  local below = vim.fn.maparg('<Tab>', 'i', false, true)
  if below.desc == 'cmp.utils.keymap.set_map' then return end
  local function fall_back()
    if below.callback then
      vim.keymap.set('i', '<Plug>(cmp-fallback)', below.callback, { expr = below.expr == 1,
        remap = below.noremap ~= 1, replace_keycodes = below.replace_keycodes == 1, buffer = true })
      vim.api.nvim_feedkeys(vim.keycode('<Plug>(cmp-fallback)'), 'im', true)
    else
      vim.api.nvim_feedkeys(vim.keycode('<Tab>'), 'in', true)
    end
  end
  local function press()
    if vim.api.nvim_get_current_line():match('menu$') then
      vim.api.nvim_feedkeys('CMP', 'in', true)
    else
      fall_back()
    end
  end
  vim.api.nvim_buf_set_keymap(0, 'i', '<Tab>', '', { callback = press, noremap = true,
    silent = true, desc = 'cmp.utils.keymap.set_map' })
end })
"""

# As mini.snippets does: keys of a session, over what is there, which is put back after it.
_SESSION = """
local kept
vim.keymap.set('i', '<C-s>', function()
  kept = vim.fn.maparg('<Tab>', 'i', false, true)
  vim.keymap.set('i', '<Tab>', 'JUMP', { buffer = 0 })
end)
vim.keymap.set('i', '<C-e>', function()
  vim.keymap.del('i', '<Tab>', { buffer = 0 })
  if not vim.tbl_isempty(kept) then vim.fn.mapset('i', false, kept) end
end)
"""

_SNIPPET = """
vim.keymap.set('i', '<C-s>', function() vim.snippet.expand('foo(${1:aa}, ${2:bb})') end)
"""

_LUASNIP = """
imap <silent> <Plug>luasnip-expand-or-jump JUMPED
imap <silent><expr> <Tab> getline('.') =~ 'snip$' ? '<Plug>luasnip-expand-or-jump' : '<Tab>'
"""

_BUFFER_LOCAL = """
vim.api.nvim_create_autocmd('%s', { callback = function(event)
  vim.keymap.set('i', '<Tab>', '%s', { buffer = event.buf })
end })
"""

ONE_TAB_TWO: Keys = ("'one\ttwo",)

ROWS = [
    Row("no mapping", "", ONE_TAB_TWO, "one two"),
    Row("text", _vim("inoremap <Tab> MYTAB"), ONE_TAB_TWO, "oneMYTABtwo"),
    Row("remapped", _vim("inoremap <F5> FIVE\nimap <Tab> <F5>"), ONE_TAB_TWO, "oneFIVEtwo"),
    Row("itself and more", _vim("imap <Tab> <Tab>more"), ONE_TAB_TWO, "one moretwo"),
    # Neovim tells the two apart.
    Row("C-i", _vim("inoremap <C-I> OTHER"), ONE_TAB_TWO, "one two"),
    Row("expression", _vim("inoremap <expr> <Tab> toupper('e')"), ONE_TAB_TWO, "oneEtwo"),
    Row(
        "menu or itself, remapped",
        _vim(r'imap <expr> <Tab> pumvisible() ? "\<C-n>" : "\<Tab>"'),
        ONE_TAB_TWO,
        "one two",
    ),
    Row(
        "next in the menu",
        _vim(
            "set completeopt=menuone,noselect\n"
            r'inoremap <expr> <Tab> pumvisible() ? "\<C-n>" : "\<Tab>"'
        ),
        ("'hei", "C-n", "Tab", "' end"),
        "height end",
    ),
    Row(
        "the menu without a mapping",
        _vim("set completeopt=menuone"),
        ("'hei", "C-n", "Tab", "'end"),
        "height  end",
    ),
    Row(
        "function that returns keys",
        "vim.keymap.set('i', '<Tab>', function() return 'x<Left>y' end, { expr = true })",
        ONE_TAB_TWO,
        "oneytwox",
    ),
    Row(
        "function that changes the text",
        "vim.keymap.set('i', '<Tab>', function()\n"
        "  vim.api.nvim_put({ 'PUT' }, 'c', false, true)\nend)",
        ("'one", "Tab", "?onePUT", "'two"),
        "onePUTtwo",
    ),
    Row(
        "function that waits for a key",
        "vim.keymap.set('i', '<Tab>', function() return vim.fn.getcharstr():upper() end,"
        " { expr = true })",
        ONE_TAB_TWO,
        "oneTwo",
    ),
    Row(
        "Cmd",
        _vim("inoremap <Tab> <Cmd>call feedkeys('COMMAND', 'in')<CR>"),
        ONE_TAB_TWO,
        "oneCOMMANDtwo",
    ),
    Row(
        "Plug",
        _vim("inoremap <Plug>(my-tab) PLUG\nimap <Tab> <Plug>(my-tab)"),
        ONE_TAB_TWO,
        "onePLUGtwo",
    ),
    Row(
        "script",
        _vim(
            "inoremap <SID>Key SCRIPT\n"
            "function! s:Key()\nreturn 'ED'\nendfunction\n"
            "inoremap <script> <Tab> <SID>Key<C-r>=<SID>Key()<CR>"
        ),
        ONE_TAB_TWO,
        "oneSCRIPTEDtwo",
    ),
    Row(
        "of the buffer, script",
        _vim(
            "function! s:Key()\nreturn 'SID'\nendfunction\n"
            "autocmd FileType python inoremap <buffer><expr><silent> <Tab> <SID>Key()"
        ),
        ONE_TAB_TWO,
        "oneSIDtwo",
    ),
    Row(
        "of the buffer, itself and more",
        _vim("autocmd FileType python imap <buffer> <Tab> <Tab>more"),
        ONE_TAB_TWO,
        "one moretwo",
    ),
    Row("of the buffer", _BUFFER_LOCAL % ("FileType", "FILE"), ONE_TAB_TWO, "oneFILEtwo"),
    Row("LspAttach", _BUFFER_LOCAL % ("LspAttach", "LSP"), ONE_TAB_TWO, "oneLSPtwo"),
    Row("InsertEnter", _BUFFER_LOCAL % ("InsertEnter", "ENTER"), ONE_TAB_TWO, "oneENTERtwo"),
    Row(
        "of the buffer, over a global one",
        _vim("inoremap <Tab> GLOBAL") + _BUFFER_LOCAL % ("InsertEnter", "ENTER"),
        ONE_TAB_TWO,
        "oneENTERtwo",
    ),
    Row(
        "global, set later",
        "vim.api.nvim_create_autocmd('InsertEnter', { callback = function()\n"
        "  vim.keymap.set('i', '<Tab>', 'LATE')\nend })",
        ONE_TAB_TWO,
        "oneLATEtwo",
    ),
    Row("blink.cmp's menu", _BLINK, ("'menu", "?menu", "'\ttwo"), "menuBLINKtwo"),
    Row("below blink.cmp", _BLINK, ONE_TAB_TWO, "one two"),
    Row(
        "blink.cmp over the user's",
        _BLINK + "vim.keymap.set('i', '<Tab>', function() return 'MINE' end, { expr = true })",
        ONE_TAB_TWO,
        "oneMINEtwo",
    ),
    Row("nvim-cmp's menu", _CMP, ("'menu", "?menu", "'\ttwo"), "menuCMPtwo"),
    Row("below nvim-cmp", _CMP, ("'one\ttwo", "Escape", "A", "'\tend"), "one two end"),
    Row(
        "nvim-cmp over the user's",
        _CMP + "vim.keymap.set('i', '<Tab>', function() return 'MINE' end, { expr = true })",
        ("'one\ttwo", "Escape", "A", "'\tend"),
        "oneMINEtwoMINEend",
    ),
    Row(
        "both",
        _BLINK + _CMP,
        ("'one\t", "Escape", "A", "'\tmenu", "?one     menu", "'\t", "?menuCMP", "'end"),
        "one     menuCMPend",
    ),
    Row("a session's keys", _SESSION, ("C-s", "'a\tb\t", "C-e", "'\tend"), "aJUMPbJUMP  end"),
    Row(
        "Neovim's snippet",
        _SNIPPET,
        ("C-s", "?foo(aa, bb)", "'11", "?foo(11, bb)", "Tab", "'22"),
        "foo(11, 22)",
    ),
    Row(
        "Neovim's snippet, back",
        _SNIPPET,
        ("C-s", "?foo(aa, bb)", "'11", "?foo(11, bb)", "Tab", "'22", "?foo(11, 22)", "BTab", "'33"),
        "foo(33, 22)",
    ),
    Row("LuaSnip", _vim(_LUASNIP), ("'snip", "?snip", "'\tone\ttwo"), "snipJUMPEDone   two"),
    Row("LuaSnip, no snippet", _vim(_LUASNIP), ONE_TAB_TWO, "one two"),
    # Neovim's own mapping of the key keeps it from ending an abbreviation.
    Row("no abbreviation", _vim("iabbrev teh the"), ("'teh\ttwo",), "teh two"),
    Row("an abbreviation", _vim("iabbrev teh the\niunmap <Tab>"), ("'teh\ttwo",), "the two"),
    Row(
        "an abbreviation, not by what is not remapped",
        _vim("iabbrev teh the\ninoremap <Tab> <Tab>"),
        ("'teh\ttwo",),
        "teh two",
    ),
    Row(
        "tabs as tabs",
        _vim("autocmd FileType python setlocal noexpandtab softtabstop=0"),
        ONE_TAB_TWO,
        "one\ttwo",
    ),
    Row(
        "softtabstop, and back",
        _vim("autocmd FileType python setlocal noexpandtab softtabstop=2 tabstop=8"),
        ("'\t\ta", "BSpace", "BSpace", "'b"),
        "    b",
    ),
    Row(
        "a count",
        "",
        ("'a\tb", "Escape"),
        "a   ba  ba  b",
        start=("g", "g", "O", "Escape", "3", "A"),
    ),
    Row(
        "repeated by .",
        "",
        ("'a\tb", "Escape", "."),
        "a   ba  b",
        start=("g", "g", "O", "Escape", "A"),
    ),
    Row(
        "repeated by a macro",
        "",
        ("'a\tb", "Escape", "q", "@", "q"),
        "a   ba  b",
        start=("g", "g", "O", "Escape", "q", "q", "A"),
    ),
    Row(
        "one step to undo",
        "",
        ("'a\tb", "Escape", "u", "A", "'one"),
        "one",
        start=("g", "g", "O", "Escape", "A"),
    ),
    Row("by :normal", "", ("Escape", '\':exe "normal Aone\\ttwo"', "Enter"), "one two"),
    Row("literally", "", ("'one", "C-v", "Tab", "'two"), "one\ttwo"),
    Row("in Replace mode", "", ("'one", "Escape", "0", "R", "'a\tb"), "a   b"),
    Row(
        "longer ones",
        _vim("inoremap <Tab><Tab> DOUBLE\ninoremap <Tab>t TEE"),
        ("'a\t\tb\tc\t", "'two"),
        "aDOUBLEb    cTEEwo",
    ),
    Row(
        "at once, before longer ones",
        _vim(
            "set timeoutlen=60000\ninoremap <Tab>t TEE\n"
            "autocmd FileType python inoremap <buffer><nowait> <Tab> NOW"
        ),
        ("'one", "Tab", "?oneNOW", "'two"),
        "oneNOWtwo",
    ),
    Row("Alt-Right", _vim("inoremap <M-Right> RIGHT"), ("'a", "M-Right", "'b"), "aRIGHTb"),
    Row("Alt-Down", _vim("inoremap <A-Down> DOWN"), ("'a", "M-Down", "'b"), "aDOWNb"),
    Row("Alt-]", _vim("inoremap <M-]> NEXT"), ("'a", "M-]", "'b"), "aNEXTb"),
    Row("Alt-[", _vim("inoremap <M-[> BACK\nimap <F6> <M-[>"), ("'a", "F6", "'b"), "aBACKb"),
    # Without a mapping, Neovim takes Alt for Escape.
    Row("Alt-] without a mapping", _vim("nnoremap ]b Aafter"), ("'a", "M-]", "'bX"), "aafterX"),
    Row("Alt-Right without a mapping", "", ("'ab", "Escape", "0", "i", "M-Right", "'iX"), "aXb"),
]


@pytest.fixture
def init() -> str:
    return ""


@pytest.fixture
def driver(init: str) -> Driver:
    return replace(NEOVIM, before=(INIT, f"{BEFORE}{init}\n"))


def _accept(editor: Editor, key: str = "Tab") -> None:
    editor.press(LAST_LINE)
    editor.type(TYPED)
    editor.terminal.wait_for_text(TYPED + SHOWN, below=ABOVE)
    editor.press((key,))
    editor.press(editor.driver.save)


@pytest.mark.parametrize(
    ("init", "row"), [pytest.param(row.init, row, id=row.kind) for row in ROWS]
)
def test_a_key_does_what_it_did(row: Row, open_editor: Open, project: Project) -> None:
    editor = open_editor(LINE)
    editor.press(row.start)
    editor.press(row.keys)
    editor.save(f"{row.written}\n{project.before}")
    _accept(editor)
    project.wait_for_file(f"{row.written}\n{COMPLETED}")


@pytest.mark.parametrize("init", [_BUFFER_LOCAL % ("InsertEnter", "MINE"), _BLINK, _CMP, ""])
def test_a_server_that_dies_gives_the_keys_back(
    init: str, open_editor: Open, project: Project
) -> None:
    editor = open_editor(LINE)
    _accept(editor)
    project.wait_for_file(COMPLETED)
    project.kill_server()
    editor.terminal.wait_for_text(editor.driver.died)
    editor.press(("Enter", *FIRST_LINE, "'one\ttwo", *editor.driver.save))
    written = "oneMINEtwo" if "MINE" in init else "one two"
    project.wait_for_file(f"{written}\n{COMPLETED}")
    # Only the user's mappings are left, and Neovim's for normal mode.
    ours = "map(nvim_buf_get_keymap(0, 'i'), 'v:val.lhs')->filter('v:val !~ \"cmp\"')"
    editor.press((f"':call setline(1, join({ours}) .. maparg('gre', 'n'))", "Enter"))
    editor.save(f"{'<Tab>' if init else ''}\n{COMPLETED}")
    assert "assertion" not in editor.terminal.screen()


def test_a_server_that_is_back_has_the_keys_again(open_editor: Open, project: Project) -> None:
    editor = open_editor(LINE)
    project.kill_server()
    editor.terminal.wait_for_text(editor.driver.died)
    editor.press(("Enter", *editor.driver.restart))
    project.wait_for_openings(2)
    _accept(editor)
    project.wait_for_file(COMPLETED)


def test_a_second_buffer_has_its_own_keys(open_editor: Open, project: Project) -> None:
    other = project.root / "other.py"
    other.write_text("")
    editor = open_editor(LINE)
    editor.press(("':imap <buffer> <Tab> FIRST", "Enter", "':split other.py", "Enter"))
    project.wait_for_openings(2)
    editor.press(("i", "'one\ttwo", "Escape", "':wq", "Enter", *FIRST_LINE, "'one\ttwo"))
    editor.save(f"oneFIRSTtwo\n{project.before}")
    assert other.read_text() == "one two\n"
    _accept(editor)
    project.wait_for_file(f"oneFIRSTtwo\n{COMPLETED}")


_KEYMAPS = "vim.lsp.config('ds_lsp', { keymaps = { accept = %s, explain = false } })\n"


@pytest.mark.parametrize("init", [_KEYMAPS % "'<C-l>'" + "vim.keymap.set('i', '<C-l>', 'MINE')"])
def test_another_key_accepts(init: str, open_editor: Open, project: Project) -> None:
    editor = open_editor(LINE)
    editor.press((*FIRST_LINE, "'one\t", "C-l"))
    editor.save(f"one MINE\n{project.before}")
    _accept(editor, "C-l")
    project.wait_for_file(f"one MINE\n{COMPLETED}")


@pytest.mark.parametrize("init", ["vim.keymap.set('n', 'gre', 'iMINE<Esc>')"])
def test_gre_of_the_user_stays(init: str, open_editor: Open, project: Project) -> None:
    editor = open_editor(LINE)
    editor.press(("g", "g", "0", "g", "r", "e"))
    editor.save(f"MINE{project.before}")


@pytest.mark.parametrize(
    ("keys", "written"),
    [
        (f"{SHOWN}\tend", f"{TYPED}{SHOWN}   end"),
        ("x\tend", f"{TYPED}x    end"),
        ("\tend", f"{TYPED}{SHOWN}end"),
    ],
    ids=["typed to its end", "typed over", "accepted"],
)
def test_keys_in_one_go_keep_their_order(
    keys: str, written: str, open_editor: Open, project: Project
) -> None:
    editor = open_editor(LINE)
    editor.press(("A",))
    editor.type(TYPED)
    editor.terminal.wait_for_text(TYPED + SHOWN, below=ABOVE)
    editor.type(keys + "\x1b:w\r")
    line = INDENT + written
    project.wait_for_file("\n".join([*project.before.split("\n")[: LINE - 1], line, ""]))
