"""Rules against text that belongs to no document: control characters, model tokens, chat."""

import re

from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.text.invisible import find_misplaced

_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
_DAMAGED = "\ufffd"
# Model tokens, with ASCII or full-width bars. Full-width bars never occur in code, so half a token
# is enough there.
_TOKEN = re.compile(
    r"<[|\uff5c][A-Za-z][\w▁ -]{1,40}[|\uff5c]>|<\uff5c[\w▁]*(?:\uff5c>?)?\Z|"
    r"<(?:PRE|SUF|MID|EOT|END|fim[_-](?:prefix|suffix|middle|pad)|file_sep|repo_name|filename|"
    r"jupyter\w*|empty_output|/?s)>"
)
_FENCE = re.compile(r"[ \t]*+(?:```++|~~~++)[ \t]*+[\w+#.-]*+[ \t]*+")
_FENCED = re.compile(
    r"\s*+(?:(?P<intro>[^\n]+)\n\s*+)?(?P<fence>```++|~~~++)[ \t]*+[\w+#.-]*+[ \t]*+\n"
    r"(?P<code>.*?)(?:\n[ \t]*(?P=fence)|\Z)",
    re.DOTALL,
)
_CHAT = re.compile(
    r"\s*(?:"
    r"(?:Sure|Certainly|Of course|Absolutely|Great|Okay|Sorry)(?:[,!.:]| [a-z])|"
    r"(?:Here is|Here's|Here are|To complete|I will|I'll|I would|I've|I have|I am|I'm|I can|"
    r"This (?:code|function|is)|The (?:missing|following|completed?|code|function)|"
    r"You can|Let me|Let's|In this|Note that|Please) [a-z`]|"
    r"(?:当然|好的|以下是|这是|下面是|这里是|您可以|你可以|抱歉|根据)[^\n=({;]*[,，。:!、\uff01\uff1a]"
    r")"
)


def normalize_line_ends(text: str, at: CursorContext) -> str:
    """Replace all line ends by ``\\n``, the only one that the rules below know."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def cut_at_invisible(text: str, at: CursorContext) -> str:
    """Cut the text before a misplaced invisible character: no model controls a terminal."""
    end = next(find_misplaced(text, before=at.before, own=(at.before, at.after)), None)
    return text[:end]


def cut_at_model_token(text: str, at: CursorContext) -> str:
    """Cut the text at a token of the model, because any text after it belongs to another document.

    There are two exceptions: a document that has such tokens itself may get more of them, and
    ``<s>`` and ``</s>`` are also tags.
    """
    for found in _TOKEN.finditer(text):
        if found.group() in ("<s>", "</s>") and (at.lexicon.has_tags or "<s" in at.before + text):
            continue
        # Full-width tokens are replaced before the text is sent: one in an answer is the model's.
        is_ours = _TOKEN.search(at.before) or _TOKEN.search(at.after)
        if is_ours and "\uff5c" not in found.group():
            return text
        return text[: found.start()]
    return text


def cut_at_marker(text: str, at: CursorContext) -> str:
    """Cut the text before a line that begins with a marker that we put around the document."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if index and any(line.startswith(marker) for marker in at.markers):
            return "\n".join(lines[:index])
    return text


def cut_damaged_line(text: str, at: CursorContext) -> str:
    """Cut the text before a line with a replacement character, which did not arrive whole."""
    damaged = text.find(_DAMAGED)
    if damaged < 0 or _DAMAGED in at.before or _DAMAGED in at.after:
        return text
    # The line end is kept, because the line before is whole.
    return text[: text.rfind("\n", 0, damaged) + 1]


def skip_invisible_start(text: str, at: CursorContext) -> str:
    """Drop characters without width from the start, unless they join the text before the cursor."""
    while (
        text[:1] in _ZERO_WIDTH and text and next(find_misplaced(text, before=at.before), None) == 0
    ):
        text = text[1:]
    return text


def keep_fenced_code(text: str, at: CursorContext) -> str:
    """Keep only the code of a chat reply; refuse a chat reply without code."""
    if not at.is_code:
        return text
    found = _FENCED.match(text)
    if found and _introduces_code(found["intro"]):
        return found["code"]
    if _CHAT.match(text):
        return ""
    return text


def is_chat_reply(text: str, at: CursorContext) -> bool:
    """Return whether *text* begins as a chat reply, so that code may still follow."""
    if not at.is_code:
        return False
    first, _, others = text.lstrip().partition("\n")
    following = others.lstrip().partition("\n")[0]
    return bool(
        _FENCE.fullmatch(first)
        or _CHAT.match(text)
        or (_introduces_code(first) and _FENCE.fullmatch(following))
    )


def cut_at_fence(text: str, at: CursorContext) -> str:
    """Cut the text at a fence line; code has none, except in a comment or a string."""
    if not at.is_code or not ("```" in text or "~~~" in text):
        return text
    start = 0
    for line in text.split("\n")[:-1]:
        start += len(line) + 1
        end = text.find("\n", start)
        fence = text[start:] if end < 0 else text[start:end]
        if _FENCE.fullmatch(fence) and at.scan(text[:start]).end.inside is None:
            return text[: start - 1]
    return text


def _introduces_code(line: str | None) -> bool:
    """Return whether *line*, the line before a fence, introduces code or is missing."""
    return line is None or line.rstrip()[-1:] in (":", "\uff1a") or bool(_CHAT.match(line))
