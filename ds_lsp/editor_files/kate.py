"""Merges servers into the settings.json of Kate's LSP client, and removes them.

Kate reads plain JSON, which has no comments. A member `"comment"`, which Kate ignores, marks our
additions.
"""

import json
from collections.abc import Callable

from ds_lsp.editor_files.file_text import Unreadable, line_of, replace_spans
from ds_lsp.editor_files.helix import MergedText
from ds_lsp.editor_files.jsonc import JsonMember, JsonNode, parse

_MARK = '"comment": "by ds-lsp --install"'

_KATES_SERVERS = {
    "bash": "bash-language-server",
    "c": "clangd",
    "go": "gopls",
    "javascript": "typescript-language-server",
    "python": "pylsp",
    "rust": "rust-analyzer",
    "typescript": "typescript-language-server",
}
"""Language to the server that Kate's own settings (25.04) start; Kate runs one per language."""


def merge_settings(
    text: str, line_end: str, shipped: str, is_installed: Callable[[str], bool]
) -> MergedText:
    """Return settings.json with the servers of *shipped*.

    There are two kinds of exceptions: 1. a language with an entry of the user's, 2. a language
    whose own server *is_installed* finds on the PATH. These keep their server.
    """
    if not text.strip():
        text += f"{{{line_end}  {_MARK}{line_end}}}{line_end}"
    root = parse(text, has_comments=False)
    servers = root.find("servers")
    if servers is not None and servers.members is None:
        line = line_of(text, servers.start)
        raise Unreadable(f"line {line}: `servers` is not an object {{...}}")
    ours = parse(shipped, has_comments=False).find("servers")
    own = {member.key for member in (servers.members if servers else None) or ()}
    kept: list[str] = []
    texts: list[str] = []
    for member in (ours.members if ours else None) or ():
        if member.key in own:
            if not _is_ours(text, servers, member.key):
                kept.append(f"{member.key} (your own entry)")
        elif is_installed(_KATES_SERVERS[member.key]):
            kept.append(f"{member.key} ({_KATES_SERVERS[member.key]})")
        else:
            value = json.loads(shipped[member.node.start : member.node.end])
            inside = json.dumps(value)[1:-1]
            texts.append(f'"{member.key}": {{{inside}, {_MARK}}}')
    notes = (f"these languages keep their server: {', '.join(kept)}",) if kept else ()
    if not texts:
        return MergedText(text, notes)
    if servers:
        return MergedText(_insert_members(text, servers, texts, line_end, "    "), notes)
    members = f",{line_end}    ".join([_MARK, *texts])
    whole = f'"servers": {{{line_end}    {members}{line_end}  }}'
    return MergedText(_insert_members(text, root, [whole], line_end, "  "), notes)


def take_out(text: str) -> str:
    """Return settings.json without our additions."""
    if _MARK not in text:
        if text.strip():
            parse(text, has_comments=False)
        return text
    root = parse(text, has_comments=False)
    servers = root.find("servers")
    if servers is not None and servers.members is not None:
        rest = [each for each in servers.members[1:] if not _is_marked(text, each)]
        if servers.members and _is_mark(servers.members[0]) and not rest:
            # The whole member `servers` is ours.
            text = _drop_members(text, root, lambda each: each.key == "servers")
        else:
            text = _drop_members(
                text, servers, lambda each: _is_mark(each) or _is_marked(text, each)
            )
    root = parse(text, has_comments=False)
    if root.members and len(root.members) == 1 and _is_mark(root.members[0]):
        before, after = text[: root.start], text[root.end :]
        return before + after.lstrip("\r").removeprefix("\n")
    return text


def _is_mark(member: JsonMember) -> bool:
    return f'"{member.key}": {json.dumps(member.node.value)}' == _MARK


def _is_marked(text: str, member: JsonMember) -> bool:
    return any(_is_mark(each) for each in member.node.members or ())


def _is_ours(text: str, servers: JsonNode | None, key: str) -> bool:
    node = servers.find(key) if servers else None
    return node is not None and '"ds-lsp"' in text[node.start : node.end]


def _insert_members(
    text: str, node: JsonNode, members: list[str], line_end: str, indent: str
) -> str:
    """Return *text* with the members as the first ones of the object *node*."""
    comma = "," if node.members else ""
    inserted = f",{line_end}{indent}".join(members)
    at = node.start + 1
    return f"{text[:at]}{line_end}{indent}{inserted}{comma}{text[at:]}"


def _drop_members(text: str, node: JsonNode, is_dropped: Callable[[JsonMember], bool]) -> str:
    """Return *text* without some members of the object *node*, each with its line and comma."""
    edits: list[tuple[int, int, str]] = []
    members = node.members or ()
    for at, member in enumerate(members):
        if not is_dropped(member):
            continue
        before = members[at - 1].node.end if at else node.start + 1
        gap = text[before : member.start]
        start = member.start - len(gap.partition(",")[2] if at else gap)
        if at + 1 < len(members):
            end = text.index(",", member.node.end) + 1
        else:
            end = member.node.end
            # The comma before the last member goes, unless it went with the member before.
            if at and not is_dropped(members[at - 1]):
                start = before
        edits.append((start, end, ""))
    return replace_spans(text, edits)
