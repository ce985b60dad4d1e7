"""Excerpts of other files: what a file defines and imports, what is picked, what stays."""

import asyncio
import gc
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import pytest

from ds_lsp.completion.prompt.block import Block, renew_block
from ds_lsp.completion.prompt.budget import Scale
from ds_lsp.completion.prompt.candidates import ReadableFiles
from ds_lsp.completion.prompt.gather import Excerpts
from ds_lsp.completion.prompt.pick import find_cursor_names, select_excerpts
from ds_lsp.completion.prompt.pieces import Excerpt, ParsedFile, names_in, source_of
from ds_lsp.completion.prompt.similar import find_most_similar, words_in
from ds_lsp.completion.prompt.window import PromptBuilder
from ds_lsp.languages.comments import Comments
from ds_lsp.languages.definitions import find_definitions
from ds_lsp.languages.imports import Import, Listing, imports_of
from ds_lsp.languages.names import choose_language, language_id
from ds_lsp.text.document import Document
from ds_lsp.text.snapshot import Snapshot
from ds_lsp.workspace.privacy.gate import Gate
from tests.unit.fakes import FakeTime

T = TypeVar("T")


def result(work: Generator[None, None, T]) -> T:
    while True:
        try:
            next(work)
        except StopIteration as end:
            value: T = end.value
            return value


# Definitions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            '"""Doc."""\nimport os\nLIMIT = 3\n\n\nclass 计算(Base):\n    """Doc\n'
            '    def no():\n    """\n    rate: float = 0\n\n    def 加(\n        self,\n'
            "        甲: int,\n    ) -> int:\n        self.总 = 甲\n        if 甲:\n"
            "            return 1\n\n    @property\n"
            "    async def 减(self): ...\n\n\nif __name__ == '__main__':\n    main()\n",
            [
                ("", "LIMIT", "LIMIT = 3"),
                ("", "计算", "class 计算(Base):"),
                ("计算", "rate", "    rate: float = 0"),
                ("计算", "加", "    def 加(self, 甲: int,) -> int:"),
                ("计算", "总", "        self.总 = 甲"),
                ("计算", "减", "    async def 减(self): ..."),
            ],
            id="python",
        ),
        pytest.param(
            "import { a } from './a';\r\n// no\r\nexport interface Point {\r\n\tx: number;\r\n}\r\n"
            "export class Shape extends Base {\r\n\tarea(scale: number): number {\r\n"
            "\t\tthis.size = scale;\r\n\t\treturn 1;\r\n\t}\r\n}\r\n"
            "export const make = (n: number) => {\r\n\treturn n;\r\n};\r\n",
            [
                ("", "Point", "export interface Point"),
                ("Point", "x", "    x: number;"),
                ("", "Shape", "export class Shape extends Base"),
                ("Shape", "area", "    area(scale: number): number"),
                ("Shape", "size", "        this.size = scale;"),
                ("", "make", "export const make = (n: number) =>"),
            ],
            id="typescript, CRLF, tabs",
        ),
        pytest.param(
            'package shop\n\nimport "fmt"\n\n// Store keeps.\n'
            "type Store struct {\n\titems []Item\n}\n\nfunc (s *Store) Add(item Item) error {\n"
            "\ts.n = 1\n\treturn nil\n}\n",
            [
                ("", "Store", "type Store struct"),
                # Whether name or type comes first is the language's own affair.
                ("Store", "Item", "    items []Item"),
                ("Store", "Add", "func (s *Store) Add(item Item) error"),
            ],
            id="go",
        ),
        pytest.param(
            "use crate::a::B;\n\n#[derive(Debug)]\npub struct Cart {\n    pub total: u32,\n}\n\n"
            "impl Cart {\n    pub fn add(&mut self, n: u32) -> u32 {\n        n\n    }\n}\n",
            [
                ("", "Cart", "pub struct Cart"),
                ("Cart", "total", "    pub total: u32,"),
                ("", "Cart", "impl Cart"),
                ("Cart", "add", "    pub fn add(&mut self, n: u32) -> u32"),
            ],
            id="rust",
        ),
        pytest.param(
            '#include "x.h"\n#define LIMIT 3\n/* int no(void);\n */\nint sum(int a,\n'
            "        int b);\nstatic int one(void)\n{\n    return 1;\n}\n",
            [
                ("", "LIMIT", "#define LIMIT 3"),
                ("", "sum", "int sum(int a, int b);"),
                ("", "one", "static int one(void)"),
            ],
            id="c",
        ),
        pytest.param("", [], id="empty"),
        pytest.param("((((\n" * 200, [], id="nothing but brackets"),
        pytest.param("'''never closed\nx = 1\n", [], id="string without an end"),
    ],
)
def test_definitions_are_found_in_each_language(
    text: str, found: list[tuple[str, str, str]]
) -> None:
    lines = [each for each in find_definitions(text) if each]
    assert [(each.container, each.name, each.text) for each in lines] == found


# Imports


@pytest.mark.parametrize(
    ("file", "text", "resolved"),
    [
        ("app/main.py", "from .models import User, Group as G\n", ["app/models.py"]),
        ("app/sub/x.py", "from .. import models\n", ["app/__init__.py", "app/models.py"]),
        ("app/main.py", "import app.sub.deep as d, os\n", ["app/sub/deep.py"]),
        ("main.py", "from app.sub import (\n    deep,\n)\n", ["app/sub/deep.py"]),
        ("app/main.py", "import models_of_others\nimport numpy.random\n", []),
        ("web/a.ts", "import { x } from './lib/b';\n", ["web/lib/b.ts"]),
        ("web/a.ts", "import {\n  x,\n} from '../web/lib'\n", ["web/lib/index.ts"]),
        ("web/a.js", "const b = require('@/lib/b.js')\n", ["web/lib/b.ts"]),
        ("go/main.go", 'import (\n\t"fmt"\n\ts "example.com/go/store"\n)\n', ["go/store/s.go"]),
        ("rs/main.rs", "use crate::cart::{Item, Cart};\nmod util;\n", ["rs/cart.rs", "rs/util.rs"]),
        ("j/Main.java", "import com.shop.Cart;\n", ["j/src/com/shop/Cart.java"]),
        ("c/main.c", '#include "inc/x.h"\n#include <stdio.h>\n', ["c/inc/x.h"]),
        ("main.py", "from 应用.模型 import 用户\n", ["应用/模型.py"]),
    ],
)
def test_imports_are_found_in_the_workspace(file: str, text: str, resolved: list[str]) -> None:
    root = Path("/w").absolute()
    files = """
        app/__init__.py app/main.py app/models.py app/sub/__init__.py app/sub/deep.py app/sub/x.py
        web/a.ts web/lib/b.ts web/lib/index.ts go/main.go go/store/s.go go/store/s_test.go
        rs/cart.rs rs/util.rs j/src/com/shop/Cart.java c/inc/x.h other/models.py random.py
        应用/模型.py
    """
    listing = Listing(root / name for name in files.split())
    language = language_id(Path(file))
    found = [
        path.relative_to(root).as_posix()
        for each in imports_of(text, language)
        for path in listing.resolve(each, root / file, language)
    ]
    expected = [name for name in dict.fromkeys(found) if name != "app/sub/__init__.py"]
    assert expected == resolved


def test_imports_are_bounded() -> None:
    assert len(imports_of("import a\n" * 500, "python")) == 1
    many = "".join(f"import a{n}\n" for n in range(500))
    assert len(imports_of(many, "python")) == 60
    assert imports_of("import x", "plaintext") == []
    assert imports_of("import a.b", "python") == [Import(("a", "b"))]


# Picking


def test_excerpts_with_names_that_go_with_those_at_the_cursor_are_picked() -> None:
    text = "def total(cart):\n    return cart.price * cart.rate\n\n\n" + "".join(
        f"def other{n}(x{n}, y{n}):\n    return x{n} + y{n}\n\n\n" for n in range(50)
    )
    source = result(source_of("shop.py", text))
    at = find_cursor_names("cart = 1\ncart.\n", "cart = 1\ncart.", "\n")
    picked = result(select_excerpts(at, [(source, 1.0)], 30, Scale()))
    assert "cart.price * cart.rate" in "\n".join(each.text for each in picked)
    assert sum(Scale().tokens(each.text) for each in picked) <= 30


def test_nothing_that_is_known_here_is_picked() -> None:
    source = result(source_of("a.py", "x = compute(value)\n"))
    at = find_cursor_names("x = compute(value)\n", "x = ", "\n")
    assert result(select_excerpts(at, [(source, 1.0)], 500, Scale())) == []


def test_similar_window_is_found_and_a_copy_is_not() -> None:
    text = "def load_user(ident, session):\n    row = session.fetch(ident)\n    return User(row)\n"
    like = "def store_group(key, session):\n    row = session.begin(key)\n    return Group(row)\n"
    query = words_in(names_in(text + "def load_users(session):\n    return fetch_rows(session)\n"))
    source, copy = result(source_of("like.py", like)), result(source_of("copy.py", text))
    found = result(find_most_similar(query, [copy, source]))
    assert found == Excerpt("like.py", like.rstrip(), 0)
    assert result(find_most_similar(query, [copy])) is None


# The block


def excerpt(text: str, path: str = "a.py", owner_line: str = "") -> Excerpt:
    return Excerpt(path, text, 0, owner_line)


def test_block_is_appended_to_and_its_head_stays() -> None:
    scale = Scale()
    block = renew_block(Block(), [excerpt("x = 1")], frozenset(), 100, scale)
    more = renew_block(block, [excerpt("y = 2", "b.py"), excerpt("x = 1")], frozenset(), 100, scale)
    start = "#a.py\nx = 1\n"
    assert block.parts("c.py", "python").context == start + "#c.py\n"
    assert more.parts("c.py", "python").context == start + "#b.py\ny = 2\n#c.py\n"
    assert renew_block(more, [excerpt("x = 1")], frozenset(), 100, scale) is more


def test_block_begins_anew_when_much_has_changed_and_only_then() -> None:
    scale, budget = Scale(), 100
    old = [excerpt("x" * 33 * n) for n in range(1, 5)]
    block = renew_block(Block(), old, frozenset(), budget, scale)
    assert block.excerpts == set(old)
    little, much = [excerpt("y" * 66)], [excerpt("y" * 200)]
    assert renew_block(block, little, frozenset(), budget, scale).excerpts > block.excerpts
    full = renew_block(block, little, frozenset(), budget, scale)
    assert renew_block(full, [excerpt("z" * 60)], frozenset(), budget, scale) is full
    assert renew_block(full, much, frozenset(), budget, scale).excerpts == set(much)
    assert renew_block(block, much, frozenset(old), budget, scale).excerpts == set(much)
    assert renew_block(block, [], frozenset(old), budget, scale) == Block()
    # The document has grown, and leaves less for excerpts.
    assert renew_block(block, old[:1], frozenset(), budget / 4, scale).excerpts == set(old[:1])


def test_members_stand_under_the_line_of_their_class_once() -> None:
    excerpts = [
        excerpt("    def f(): ...", owner_line="class A:"),
        excerpt("    def g(): ...", owner_line="class A:"),
    ]
    text = renew_block(Block(), excerpts, frozenset(), 100, Scale()).parts("c.py", "python").context
    assert text == "#a.py\nclass A:\n    def f(): ...\n    def g(): ...\n#c.py\n"


def test_markers_are_the_headers_of_the_text() -> None:
    block = Block(((Excerpt("a.py", "x", 1), Excerpt("b.py", "y", 3)), (Excerpt("a.py", "z", 9),)))
    markers = block.parts("甲.py", "go").markers
    assert markers == ("//a.py", "//b.py", "//甲.py")
    assert set(markers) == {
        each for each in block.parts("甲.py", "go").context.split("\n") if "//" in each
    }
    assert Block().parts("a.py", "python").markers == ()


@pytest.mark.parametrize(
    ("comments", "line"),
    [
        (Comments("#"), "#a.py\n"),
        (Comments("//"), "//a.py\n"),
        (Comments("<!--", end="-->"), "<!--a.py-->\n"),
        (Comments(""), "a.py\n"),
    ],
)
def test_header_is_a_comment(comments: Comments, line: str) -> None:
    assert comments.wrap("a.py") + "\n" == line


# Gathering


class Rig:
    """A workspace on disk, and what is open of it."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        self.folder = folder
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        self.time = FakeTime()
        self.excerpts = Excerpts(clock=self.time.clock)
        self.contexts = PromptBuilder(self.excerpts)
        self.documents: list[Document] = []

    def open(self, name: str, text: str, language: str | None = None) -> Document:
        path = self.folder / name
        named = choose_language(language or "", path)
        document = Document(path.as_uri(), named, 1, text)
        self.documents.append(document)
        return document

    async def renew(self, snapshot: Snapshot) -> str:
        gate = Gate([self.folder])
        readable = ReadableFiles(
            self.documents, [self.folder], gate.allows, lambda each: gate.excludes(each.uri)
        )
        await self.excerpts.renew(snapshot, readable, self.contexts)
        return self.excerpts.parts(snapshot.uri).context


SHOP = "class Cart:\n    def add_item(self, product, amount): ...\n"
MAIN = "from shop import Cart\n\ncart = Cart()\ncart."


async def test_what_an_imported_file_defines_is_sent(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {"shop.py": SHOP, "unrelated.py": "secret_plan = 1\n"})
    text = await rig.renew(rig.open("main.py", MAIN).snapshot(3, 5))
    assert text.startswith("#shop.py\n")
    assert "add_item" in text
    assert text.endswith("\n#main.py\n")
    assert "secret_plan" not in text


async def test_open_text_counts_and_not_the_file_under_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {"shop.py": SHOP})
    rig.open("shop.py", SHOP.replace("add_item", "put_item"))
    text = await rig.renew(rig.open("main.py", MAIN).snapshot(3, 5))
    assert "put_item" in text
    assert "add_item" not in text


async def test_open_file_of_the_same_language_is_read_without_an_import(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {})
    rig.open("tools.py", "cart.checkout(now)\n")
    rig.open("notes.md", "cart.plan(now)\n")
    text = await rig.renew(rig.open("main.py", "cart = 1\ncart.").snapshot(1, 5))
    assert "checkout" in text
    assert "plan" not in text


@pytest.mark.parametrize(
    ("theirs", "ours", "sent"),
    [
        *(("plaintext", "shellscript", False), ("mail", "sh", False), ("text", "cs", False)),
        *(("help", "make", False), ("text", "c++", False), ("text", "bash", False)),
        *(("text", "text", False), ("", "", False), ("", "sh", False), ("mail", "", False)),
        *(("foolang", "barlang", False), ("foolang", "plaintext", False), ("c", "cs", False)),
        *(("gitcommit", "python", False), ("markdown", "python", False), ("org", "tex", False)),
        *(("foolang", "foolang", True), ("bash", "zsh", True), ("c++", "cpp", True)),
        *(
            ("javascript.jsx", "typescript", True),
            ("tex", "plaintex", True),
            ("cs", "csharp", True),
        ),
        *(("gfm", "markdown", True), ("mail", "message-mode", True), ("objc", "c++-ts", True)),
    ],
)
async def test_open_file_is_sent_along_with_its_own_language(
    tmp_path: Path, theirs: str, ours: str, sent: bool
) -> None:
    """Under whatever names a client has for the two. The files' own names say nothing."""
    rig = Rig(tmp_path, {})
    rig.open("draft", "total_cost of Berta 你好\nher monthly_rate\n", theirs)
    main = rig.open("main", "total_cost monthly_rate\nx = 1\n", ours)
    assert ("Berta" in await rig.renew(main.snapshot(0, 10))) is sent


async def test_place_that_was_visited_lately_is_sent_as_it_is(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {})
    other = rig.open("other.py", "".join(f"line_{n} = {n}\n" for n in range(100)))
    main = rig.open("main.py", "x = ")
    assert rig.excerpts.note_visit(other.uri, 50)
    assert rig.excerpts.note_visit(main.uri, 0)
    text = await rig.renew(main.snapshot(0, 4))
    assert "".join(f"line_{n} = {n}\n" for n in range(44, 57)) in text


@pytest.mark.parametrize(
    ("name", "ignore"), [("shop.py", "shop.py\n"), ("shop.py", "*.py\n"), ("secrets/shop.py", "")]
)
async def test_excluded_files_are_never_read(tmp_path: Path, name: str, ignore: str) -> None:
    rig = Rig(tmp_path, {name: SHOP, ".gitignore": ignore or "secrets\n"})
    main = rig.open("main.py", MAIN.replace("shop", "secrets.shop") + "\nfrom shop import Cart\n")
    assert await rig.renew(main.snapshot(3, 5)) == ""
    rig.open(name, SHOP)
    assert await rig.renew(main.snapshot(3, 5)) == ""


async def test_links_fifos_and_large_files_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(SHOP, "utf-8")
    rig = Rig(tmp_path / "w", {"huge.py": SHOP + "#" * 200_000})
    (rig.folder / "link.py").symlink_to(outside)
    (rig.folder / "folder").symlink_to(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(rig.folder / "fifo.py")
    names = ("huge", "link", "fifo", "folder.outside")
    text = "".join(f"from {name} import Cart\n" for name in names) + "cart = Cart()\ncart."
    assert await rig.renew(rig.open("main.py", text).snapshot(5, 5)) == ""


async def test_excerpts_are_prepared_before_they_are_kept(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {"shop.py": SHOP})
    rig.excerpts = Excerpts(lambda text: text.replace("add_item", "●"), rig.time.clock)
    text = await rig.renew(rig.open("main.py", MAIN).snapshot(3, 5))
    assert "Cart" in text
    assert "add_item" not in text


async def test_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {"shop.py": SHOP})
    main = rig.open("main.py", MAIN)
    await rig.renew(main.snapshot(3, 5))
    (tmp_path / "shop.py").write_text(SHOP + "    def take_item(self, product): ...\n", "utf-8")
    assert "take_item" in await rig.renew(main.snapshot(3, 5))


async def test_only_the_last_version_of_an_open_file_is_kept(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {})
    other, main = rig.open("last_version.py", SHOP), rig.open("main.py", MAIN)
    for other.version in (2, 3, 4):
        other.replace((2, 0), (2, 0), "x = 1\n")
        await rig.renew(main.snapshot(3, 5))
    kept = [each for each in gc.get_objects() if isinstance(each, ParsedFile)]
    assert [each.text.count("x = 1") for each in kept if each.path == "last_version.py"] == [3]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda file: file.write_text(f"# ds-lsp: off\n{SHOP}"), id="says off"),
        pytest.param(lambda file: file.rename(file.with_name(".env")), id="renamed"),
        pytest.param(lambda file: file.unlink(), id="removed"),
        pytest.param(lambda file: file.write_text(f"{SHOP}\0"), id="binary"),
        pytest.param(lambda file: file.with_name(".gitignore").write_text("shop.py"), id="ignored"),
    ],
)
async def test_what_was_sent_of_a_file_is_taken_back_when_it_may_not_be_read_any_more(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    rig = Rig(tmp_path, {"shop.py": SHOP, "tax.py": "def tax_of(cart, rate): ...\n"})
    main = rig.open("main.py", f"import tax\n{MAIN}")
    text = await rig.renew(main.snapshot(4, 5))
    assert "add_item" in text
    assert "tax_of" in text
    change(rig.folder / "shop.py")
    text = await rig.renew(main.snapshot(4, 5))
    assert "add_item" not in text
    assert "tax_of" in text


async def test_what_is_not_imported_any_more_stays_while_it_may_be_read(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {"shop.py": SHOP})
    main = rig.open("main.py", MAIN)
    text = await rig.renew(main.snapshot(3, 5))
    main.replace_all(MAIN.replace("from shop import Cart", "import os"))
    assert await rig.renew(main.snapshot(3, 5)) == text


async def test_a_document_is_taken_back_from_all_blocks_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {"shop.py": SHOP, "tax.py": "def tax_of(cart, rate): ...\n"})
    for name in ("main.py", "other.py"):
        assert "add_item" in await rig.renew(rig.open(name, MAIN).snapshot(3, 5))
    third = rig.open("third.py", "import tax\ncart.rate\n")
    await rig.renew(third.snapshot(1, 9))
    rig.excerpts.take_back((rig.folder / "tax.py").as_uri())
    assert rig.excerpts.parts(third.uri).context == ""
    rig.excerpts.take_back((rig.folder / "shop.py").as_uri())
    for name in ("main.py", "other.py"):
        assert rig.excerpts.parts((rig.folder / name).as_uri()).context == ""


async def test_same_moment_again_changes_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {"shop.py": SHOP})
    main = rig.open("main.py", MAIN)
    first = await rig.renew(main.snapshot(3, 5))
    main.replace((3, 5), (3, 5), "add")
    assert await rig.renew(main.snapshot(3, 8)) == first


async def test_what_is_forgotten_while_it_is_gathered_stays_forgotten(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {"shop.py": SHOP})
    main = rig.open("main.py", MAIN)
    gathering = asyncio.create_task(rig.renew(main.snapshot(3, 5)))
    rig.time.clock = lambda: next(ticks)  # type: ignore[method-assign]
    ticks = iter(range(10**6))
    rig.excerpts = Excerpts(clock=rig.time.clock)
    rig.contexts = PromptBuilder(rig.excerpts)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rig.excerpts.clear()
    assert await gathering == ""


@pytest.mark.parametrize(
    ("uri", "is_sent"),
    [
        # The document itself, spelled otherwise, as it was, and by a link to it.
        ("file:{}/main.py", False),
        ("{}/main.py", False),
        ("file://{}/x/../main.py", False),
        ("git:{}/main.py.git?%7B%22path%22%3A%22{}/main.py%22%2C%22ref%22%3A%22~%22%7D", False),
        ("fugitive://{}/.git//0/main.py", False),
        ("file://{}/link.py", False),
        # An older version of a file that is open.
        ("git:{}/open.py", False),
        ("gitsigns://{}/.git/:0:open.py", False),
        # Other texts.
        ("file://{}/other.py", True),
        ("git:{}/other.py", True),
        ("vscode-notebook-cell:{}/n.ipynb#W1sZmlsZQ==", True),
        ("untitled:Untitled-1", True),
        ("scp://host/main.py", True),
    ],
)
async def test_no_text_is_an_excerpt_of_itself(tmp_path: Path, uri: str, is_sent: bool) -> None:
    rig = Rig(tmp_path, {"main.py": "cart = 1\ncart."})
    (tmp_path / "link.py").symlink_to("main.py")
    document = rig.open("main.py", "cart = 1\ncart.")
    rig.open("open.py", "")
    named = uri.replace("{}", tmp_path.as_posix())
    rig.documents.append(Document(named, "python", 1, "cart.checkout(now)\n"))
    assert ("checkout" in await rig.renew(document.snapshot(1, 5))) is is_sent


async def test_cells_of_one_notebook_are_each_other_s_excerpts(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {"shop.py": SHOP})
    base = f"vscode-notebook-cell:{tmp_path.as_posix()}/n.ipynb#W{{}}sZmlsZQ=="
    for cell, text in enumerate(("cart.checkout(now)\n", "cart.pay(later)\n", MAIN)):
        rig.documents.append(Document(base.format(cell), "python", 1, text))
    text = await rig.renew(rig.documents[-1].snapshot(3, 5))
    for part in ("#n.ipynb#W0\n", "checkout", "#n.ipynb#W1\n", "pay", "add_item"):
        assert part in text
    assert text.endswith("#n.ipynb#W2\n")


async def test_document_of_no_file_has_excerpts_of_open_ones(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {})
    rig.open("tools.py", "cart.checkout(now)\n")
    document = Document("untitled:新", "python", 1, "cart = 1\r\ncart.")
    rig.documents.append(document)
    text = await rig.renew(document.snapshot(1, 5))
    assert "checkout" in text
    assert text.endswith("#untitled:新\n")


def test_another_file_or_a_jump_is_a_quiet_moment_and_typing_is_not(tmp_path: Path) -> None:
    excerpts = Excerpts(clock=FakeTime().clock)
    moments = [("a", 0), ("a", 1), ("a", 33), ("a", 66), ("b", 66), ("b", 60)]
    assert [excerpts.note_visit(*each) for each in moments] == [
        *(True, False, False, True, True, False)
    ]
    assert excerpts.line_of("a") == 66
    excerpts.drop("a")
    assert excerpts.line_of("a") == 0
