"""Merges settings into VS Code's settings.json, and removes them."""

import json
import re

from ds_lsp.editor_files.file_text import replace_spans
from ds_lsp.editor_files.helix import MergedText
from ds_lsp.editor_files.jsonc import has_no_value, parse

_MARK = "/* by ds-lsp --install */"
_NEW = "// Made by `ds-lsp editor vscode --install`.\n{\n}\n"
"""The text of a new file, before anything is merged into it."""


def merge_settings(text: str, line_end: str, shipped: str) -> MergedText:
    """Return settings.json with the settings of *shipped*; a user's own value stays."""
    if has_no_value(text):
        text += _NEW.replace("\n", line_end)
    root = parse(text, has_comments=True)
    notes: list[str] = []
    lines: list[str] = []
    for member in parse(shipped, has_comments=True).members or ():
        value = shipped[member.node.start : member.node.end]
        own = root.find(member.key)
        if own is None:
            lines.append(f"{json.dumps(member.key)}: {value}")
        elif text[own.start : own.end] != value:
            notes.append(f"your own {member.key} = {text[own.start : own.end]} stays")
    has_others = bool(root.members)
    for at, line in reversed(list(enumerate(lines))):
        comma = "," if has_others or at + 1 < len(lines) else ""
        inserted = f"{line_end}    {line}{comma} {_MARK}"
        text = text[: root.start + 1] + inserted + text[root.start + 1 :]
    return MergedText(text, tuple(notes))


def take_out(text: str) -> str:
    """Return settings.json without our additions."""
    if _MARK not in text:
        if not has_no_value(text):
            parse(text, has_comments=True)
        return text
    root = parse(text, has_comments=True)
    edits = []
    for member in root.members or ():
        after = re.compile(rf"[ \t]*,?[ \t]*{re.escape(_MARK)}").match(text, member.node.end)
        if after:
            before = re.search(r"\r?\n?[ \t]*\Z", text[: member.start])
            start = before.start() if before else member.start
            # A comma behind the mark was added later, with another member behind it.
            since = re.compile(r"[ \t]*,").match(text, after.end())
            edits.append((start, since.end() if since else after.end(), ""))
    text = replace_spans(text, edits)
    for line_end in ("\n", "\r\n"):
        new = _NEW.replace("\n", line_end)
        if text.endswith(new) and has_no_value(text.removesuffix(new)):
            return text.removesuffix(new)
    return text
