"""What is not part of the document at all: control signs, model tokens, chat."""

import re

from ds_lsp.completion.postprocess.place import Place
from ds_lsp.invisible import find_misplaced

_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
_DAMAGED = "\ufffd"
# In ASCII bars or full-width ones; the latter never stand in code, so half a token will do.
_TOKEN = re.compile(
    r"<[|\uff5c][A-Za-z][\w▁ -]{1,40}[|\uff5c]>|<\uff5c[\w▁]*(?:\uff5c>?)?\Z|"
    r"<(?:PRE|SUF|MID|EOT|END|fim[_-](?:prefix|suffix|middle|pad)|file_sep|repo_name|filename|"
    r"jupyter\w*|empty_output|/?s)>"
)
_FENCE = re.compile(r"[ \t]*+(?:```++|~~~++)[ \t]*+[\w+#.-]*+[ \t]*+")
_FENCED = re.compile(
    r"\s*+(?:(?P<said>[^\n]+)\n\s*+)?(?P<fence>```++|~~~++)[ \t]*+[\w+#.-]*+[ \t]*+\n"
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


def normalize_line_ends(text: str, at: Place) -> str:
    """The rules below know one line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def cut_at_invisible(text: str, at: Place) -> str:
    """End before a character that nobody sees: no terminal takes orders from a model."""
    end = next(find_misplaced(text, before=at.before, own=(at.before, at.after)), None)
    return text[:end]


def cut_at_model_token(text: str, at: Place) -> str:
    """What follows a token of the model's own belongs to another text.

    A document that is about such tokens may have more of them; ``</s>`` is a tag as well.
    """
    for found in _TOKEN.finditer(text):
        if found.group() in ("<s>", "</s>") and (at.lexicon.has_tags or "<s" in at.before + text):
            continue
        # Full-width ones are sent as something else, so those in an answer are the model's.
        is_ours = _TOKEN.search(at.before) or _TOKEN.search(at.after)
        if is_ours and "\uff5c" not in found.group():
            return text
        return text[: found.start()]
    return text


def cut_at_marker(text: str, at: Place) -> str:
    """The model goes on with what we put around the document."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if index and any(line.startswith(marker) for marker in at.markers):
            return "\n".join(lines[:index])
    return text


def cut_damaged_line(text: str, at: Place) -> str:
    """A line with a character that did not arrive whole."""
    damaged = text.find(_DAMAGED)
    if damaged < 0 or _DAMAGED in at.before or _DAMAGED in at.after:
        return text
    # With its line end: what came before is whole.
    return text[: text.rfind("\n", 0, damaged) + 1]


def skip_invisible_start(text: str, at: Place) -> str:
    """Drop what has no width from the start, unless it joins what is before the cursor."""
    while (
        text[:1] in _ZERO_WIDTH and text and next(find_misplaced(text, before=at.before), None) == 0
    ):
        text = text[1:]
    return text


def keep_fenced_code(text: str, at: Place) -> str:
    """Of an answer in words, the code; without code, nothing."""
    if not at.is_code:
        return text
    found = _FENCED.match(text)
    if found and _is_said(found["said"]):
        return found["code"]
    if _CHAT.match(text):
        return ""
    return text


def is_in_words(text: str, at: Place) -> bool:
    """Whether an answer begins in words, so that the code is still to come."""
    if not at.is_code:
        return False
    first, _, others = text.lstrip().partition("\n")
    following = others.lstrip().partition("\n")[0]
    return bool(
        _FENCE.fullmatch(first)
        or _CHAT.match(text)
        or (_is_said(first) and _FENCE.fullmatch(following))
    )


def cut_at_fence(text: str, at: Place) -> str:
    """Code has no line that is a fence, unless in a comment or a string."""
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


def _is_said(line: str | None) -> bool:
    return line is None or line.rstrip()[-1:] in (":", "\uff1a") or bool(_CHAT.match(line))
