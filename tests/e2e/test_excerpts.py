"""Excerpts of other files: sent along, kept the same while typing, and never of excluded files."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from lsprotocol import types

from tests.e2e import editor as editors
from tests.e2e.editor import AUTOMATIC, URI, Editor
from tests.fake_deepseek import FakeDeepSeek
from tests.raw_client import PATIENCE_S

SHOP = "class Cart:\n    def add_item(self, product, amount): ...\n"
editor = partial(editors.editor, imported=("ds_lsp.workspace.privacy.secrets",))
"""An editor whose server prepares a document at once, so that a test can tell when it is done."""
MAIN = "from shop import Cart\n\n# 买东西\ncart = Cart()\n"


def workspace(folder: Path, files: dict[str, str]) -> str:
    """Write *files*; the uri of a document among them."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return (folder / "main.py").as_uri()


async def settle(at: Editor) -> None:
    """Let what goes on in the background go on, as long as any of these small cases takes."""
    for _ in range(50):
        await at.command("status")


async def prompt(at: Editor, fake: FakeDeepSeek, position: types.Position, uri: str) -> str:
    fake.answer("zz")
    await at.complete(position, uri=uri)
    return str(fake.requests[-1].body["prompt"])


async def prompt_with(
    words: str, at: Editor, fake: FakeDeepSeek, position: types.Position, uri: str
) -> tuple[types.Position, str]:
    """Type until *words* are sent along; where the cursor is then, and the prompt."""
    async with asyncio.timeout(PATIENCE_S):
        while words not in (sent := await prompt(at, fake, position, uri)):
            position = at.insert(position, "x", uri)
    return position, sent


async def test_what_an_imported_file_defines_is_sent_along(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    folder = tmp_path / "w"
    uri = workspace(folder, {"shop.py": SHOP})
    async with editor(tmp_path, fake, folders=(folder,)) as at:
        position = at.open(MAIN + "cart.|", uri=uri)
        await settle(at)
        sent = await prompt(at, fake, position, uri)
        assert sent.startswith("#shop.py\n")
        assert "add_item" in sent
        assert sent.endswith("#main.py\n" + MAIN + "cart.")


async def test_head_of_the_prompt_stays_the_same_until_a_quiet_moment(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    folder = tmp_path / "w"
    uri = workspace(folder, {"shop.py": SHOP})
    # The quiet moment that comes by itself would come in the middle, on a busy machine.
    patient = ("ds_lsp.background.GATHER_AFTER_S",)
    async with editor(tmp_path, fake, folders=(folder,), patient=patient) as at:
        position = at.open(MAIN + "|", uri=uri)
        await settle(at)
        (folder / "shop.py").write_text(SHOP + "    def put_item(self): ...\n", "utf-8")
        # The first request comes from elsewhere, and has the files looked at once more.
        position, before = await prompt_with("put_item", at, fake, position, uri)
        (folder / "shop.py").write_text(SHOP + "    def take_item(self): ...\n", "utf-8")
        for character in "cart.":
            position = at.insert(position, character, uri)
            sent = await prompt(at, fake, position, uri)
            assert sent.startswith(before)
        assert "take_item" not in sent
        # Another file is looked at, and this one again.
        elsewhere = at.open("y = |", uri=URI)
        await prompt(at, fake, elsewhere, URI)
        position = at.insert(position, "a", uri)
        # What has changed is found while that is answered.
        await prompt_with("take_item", at, fake, position, uri)


@pytest.mark.parametrize("where", [".gitignore", "privacy.ignore", "built-in"])
async def test_nothing_of_an_excluded_file_is_sent(
    tmp_path: Path, fake: FakeDeepSeek, where: str
) -> None:
    folder, name = tmp_path / "w", "credentials.json" if where == "built-in" else "shop.py"
    uri = workspace(folder, {name: SHOP, ".gitignore": f"{name}\n" * (where == ".gitignore")})
    options = {"privacy": {"ignore": [name]}} if where == "privacy.ignore" else None
    async with editor(tmp_path, fake, folders=(folder,), options=options) as at:
        # Open, too: it must not come from the editor's text either.
        at.open(SHOP, uri=(folder / name).as_uri())
        position = at.open(MAIN + "cart.|", uri=uri)
        await settle(at)
        assert await prompt(at, fake, position, uri) == MAIN + "cart."


async def test_excluding_a_file_takes_its_excerpts_back(tmp_path: Path, fake: FakeDeepSeek) -> None:
    folder = tmp_path / "w"
    uri = workspace(folder, {"shop.py": SHOP})
    async with editor(tmp_path, fake, folders=(folder,)) as at:
        position = at.open(MAIN + "cart.|", uri=uri)
        await settle(at)
        assert "add_item" in await prompt(at, fake, position, uri)
        await at.configure({"ds-lsp": {"privacy": {"ignore": ["shop.py"]}}})
        await settle(at)
        position = at.insert(position, "a", uri)
        assert "add_item" not in await prompt(at, fake, position, uri)


async def test_a_document_that_says_off_is_taken_back_at_the_next_request(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    folder = tmp_path / "w"
    uri, shop = workspace(folder, {"shop.py": SHOP}), (folder / "shop.py").as_uri()
    async with editor(tmp_path, fake, folders=(folder,)) as at:
        at.open(SHOP, uri=shop)
        position = at.open(MAIN + "cart.|", uri=uri)
        await settle(at)
        assert "add_item" in await prompt(at, fake, position, uri)
        at.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(2, shop),
                [types.TextDocumentContentChangeWholeDocument(f"# ds-lsp: off\n{SHOP}")],
            )
        )
        for character in "abc":
            position = at.insert(position, character, uri)
            assert "add_item" not in await prompt(at, fake, position, uri)
            await settle(at)


async def test_same_text_in_several_places_is_answered_with_nothing(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake) as at:
        at.open("x = \ny = \n")
        ranges = [types.Range(types.Position(n, 4), types.Position(n, 4)) for n in (1, 0)]
        at.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(2, URI),
                [types.TextDocumentContentChangePartial(each, "甲") for each in ranges],
            )
        )
        assert await at.complete(types.Position(0, 5), AUTOMATIC) is None
        assert await at.why() == "several_places"
        assert fake.requests == []
