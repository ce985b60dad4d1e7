"""Texts with a visible cursor, and the awkward ones every table of cases must hold."""

from ds_lsp.completion.request import CompletionRequest, Trigger
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.document import Document
from ds_lsp.text.snapshot import Snapshot

AWKWARD = {
    "ascii": "def f(x):\n    return x\n",
    "chinese": "# 计算两个数的和\ndef 加(甲, 乙):\n    return 甲 + 乙\n",
    "emoji": "s = '👩‍👩‍👧 \U0001f600'  # \U0001d11e\nprint(s)\n",
    "combining": "e\u0301 = 'n\u0303'\nx\n",
    "tabs": "\tif x:\n\t\treturn\ty\n",
    "crlf": "a = 1\r\nb = 2\r\n\r\nc\r\n",
    "cr": "a\rb\r\rc",
    "mixed": "a\nb\r\nc\rd\n\re\r\r\n",
    "not line ends": "a\x0cb\x0bc\x85d\u2028e\u2029f\x1cg\nh",
    "no last line end": "a\nb",
    "empty": "",
}


def at(text: str, *, uri: str = "file:///a.py", language_id: str = "python") -> Snapshot:
    """A snapshot of *text* with the cursor where the ``|`` is."""
    before, _, after = text.partition("|")
    document = Document(uri, language_id, 1, before + after, PositionEncoding.UTF32)
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return document.snapshot(len(lines) - 1, len(lines[-1]))


def request_at(
    text: str,
    trigger: Trigger = Trigger.AUTOMATIC,
    settings: CompletionSettings = CompletionSettings(),  # noqa: B008 - frozen
    feature: str = "inline",
) -> CompletionRequest:
    return CompletionRequest(at(text), trigger, settings, feature)
