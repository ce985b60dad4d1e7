"""Merges our settings into Helix's config.toml and languages.toml, and removes them.

Helix lays a user's languages.toml over its own: a `language-servers` list replaces Helix's list for
that language, and there is no way to append to it. So our server is appended to a list that the
user has; without one, Helix's own list is written out with our server at its end.

There are three kinds of additions: 1. A line in one of the user's tables ends with the comment
`# by ds-lsp --install`. 2. A list with our server appended ends with `# + ds-lsp --install`.
3. Whole tables are in a marked block at the end.
"""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ds_lsp.editor_files.file_text import Unreadable, line_of, replace_spans
from ds_lsp.editor_files.marked_block import put_block, take_block
from ds_lsp.editor_files.toml import Statement, StatementKind, append_item, drop_item, scan

NAME = "ds-lsp"
_ITEM = '"ds-lsp"'
_OUR_LINE = "# by ds-lsp --install"
_OUR_ITEM = "# + ds-lsp --install"

KeyPath = tuple[str, ...]
SpanEdit = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class MergedText:
    """A changed text, and notes for the user on settings that were left alone."""

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _TomlSetting:
    table: KeyPath
    key: str
    value: object

    @property
    def path(self) -> KeyPath:
        return (*self.table, self.key)


def merge_config(text: str, line_end: str, shipped: str) -> MergedText:
    """Return Helix's config.toml with the settings of *shipped*; a user's own value stays."""
    return _merge_text(text, line_end, shipped, lambda data, statements: ([], "", []))


def merge_languages(text: str, line_end: str, shipped: str) -> MergedText:
    """Return Helix's languages.toml with our server, and its name in the languages' lists."""
    wanted = tomllib.loads(shipped)["language"]

    def merge(data: Mapping[str, object], found: Sequence[Statement]) -> "_LanguageChanges":
        return _merge_lists(text, line_end, data, found, wanted)

    return _merge_text(text, line_end, shipped, merge)


def take_out(text: str) -> str:
    """Return config.toml or languages.toml without our additions."""
    text = take_block(text, "#")
    parse(text)
    edits: list[SpanEdit] = []
    for each in scan(text):
        comment = each.comment.rstrip()
        if each.kind is StatementKind.KEY and comment == _OUR_LINE:
            edits.append((each.start, each.end, ""))
        elif each.kind is StatementKind.KEY and comment.endswith(_OUR_ITEM):
            at = text.rindex(_OUR_ITEM, each.value_end, each.end)
            edits.append((at - 1, at + len(_OUR_ITEM), ""))
            value = drop_item(text[each.value_start : each.value_end], _ITEM)
            edits.append((each.value_start, each.value_end, value))
    return replace_spans(text, edits)


def parse(text: str) -> Mapping[str, object]:
    """Return the tables of a TOML text. Raises `Unreadable` with the line."""
    try:
        text.encode("utf-8")
        return tomllib.loads(text)
    except UnicodeEncodeError as exc:
        raise Unreadable(f"line {line_of(text, exc.start)}: it is not UTF-8") from None
    except tomllib.TOMLDecodeError as exc:
        what, _, place = str(exc).rpartition(" (at ")
        line = place.removesuffix(")").partition(",")[0]
        if not line.startswith("line"):
            line = f"line {line_of(text, len(text.rstrip()))}"
        what = what or str(exc)
        raise Unreadable(f"{line}: it is not valid TOML ({what[:1].lower() + what[1:]})") from None
    except RecursionError:
        raise Unreadable("line 1: it is nested too deeply") from None


_LanguageChanges = tuple[Sequence[SpanEdit], str, Sequence[str]]
"""Changes in the text, text for the marked block, and notes."""


def _merge_text(
    text: str,
    line_end: str,
    shipped: str,
    merge_more: Callable[[Mapping[str, object], Sequence[Statement]], _LanguageChanges],
) -> MergedText:
    data, found = parse(text), scan(text)
    edits: list[SpanEdit] = []
    notes: list[str] = []
    tables: dict[KeyPath, list[str]] = {}
    settings = list(_find_settings(tomllib.loads(shipped), ()))
    left_out = 0
    for each in settings:
        own = _lookup(data, each.path)
        if own is not None:
            left_out += 1
            if own != each.value:
                notes.append(f"your own {'.'.join(each.path)} = {_to_json(own)} stays")
            continue
        place = _find_place(each, found, text)
        if isinstance(place, str):
            left_out += 1
            notes.append(place)
        elif place is None:
            tables.setdefault(each.table, []).append(f"{each.key} = {_to_toml(each.value)}")
        else:
            at, prefix = place
            line = f"{prefix}{each.key} = {_to_toml(each.value)} {_OUR_LINE}{line_end}"
            edits.append((at, at, line))
    more, lists, more_notes = merge_more(data, found)
    edits += more
    body = "\n\n".join(
        "\n".join([f"[{'.'.join(map(_to_key, path))}]", *lines]) for path, lines in tables.items()
    )
    body = "\n\n".join(part for part in (body, lists) if part)
    if not edits and not left_out and not notes and (not data or not text.strip()):
        body = shipped
    text = replace_spans(text, edits)
    if body:
        text = put_block(text, line_end, "#", "helix", body)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        tables_of_ours = " and ".join(sorted({f"[{'.'.join(each.table)}]" for each in settings}))
        raise Unreadable(
            f"line 1: what it holds cannot be joined with {tables_of_ours}; merge them by hand"
        ) from None
    return MergedText(text, (*notes, *more_notes))


def _find_settings(table: Mapping[str, object], path: KeyPath) -> "Sequence[_TomlSetting]":
    found: list[_TomlSetting] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _find_settings(value, (*path, key))
        elif path:
            found.append(_TomlSetting(path, key, value))
    return found


def _lookup(data: object, path: KeyPath) -> object:
    for part in path:
        if not isinstance(data, dict):
            return None
        data = data.get(part)
    return data


def _find_place(
    setting: _TomlSetting, found: Sequence[Statement], text: str
) -> tuple[int, str] | str | None:
    """Return the place for a line with the setting, one of three:

    1. an offset and the prefix of the key; 2. None: the line goes into a new table; 3. a note for
    the user: there is no place, because the user's table is written on one line.
    """
    for each in found:
        if each.kind is StatementKind.TABLE and each.path == setting.table:
            return each.end, ""
    for each in found:
        full = each.full_path
        if each.kind is not StatementKind.KEY:
            continue
        if setting.path[: len(full)] == full:
            line = line_of(text, each.start)
            wanted = f"{setting.key} = {_to_toml(setting.value)}"
            return (
                f"line {line} holds {'.'.join(full)} on one line, to which nothing was added; "
                f"add {wanted} to it yourself"
            )
        # Dotted keys define their table: TOML allows no header for it, only more dotted keys.
        if len(each.path) > 1 and each.table == setting.table[: len(each.table)]:
            rest = setting.table[len(each.table) :]
            if rest and each.path[0] == rest[0] and len(full) > len(each.table):
                at = found[each.header].end if each.header >= 0 else _first_key(found)
                return at, ".".join(map(_to_key, rest)) + "."
    return None


def _first_key(found: Sequence[Statement]) -> int:
    return found[0].start


def _merge_lists(
    text: str,
    line_end: str,
    data: Mapping[str, object],
    found: Sequence[Statement],
    wanted: Sequence[Mapping[str, object]],
) -> _LanguageChanges:
    entries = [
        at
        for at, each in enumerate(found)
        if each.kind is StatementKind.ARRAY_ENTRY and each.path == ("language",)
    ]
    languages = data.get("language", [])
    if languages and not entries:
        line = next(line_of(text, each.start) for each in found if each.full_path[0] == "language")
        raise Unreadable(
            f"line {line}: `language` is one list on its line, to which nothing can be added; "
            "write each language as a [[language]] table, then run this again"
        )
    keys = [
        {
            each.path[0]: each
            for each in found
            if each.kind is StatementKind.KEY and each.header == at
        }
        for at in entries
    ]
    edits: list[SpanEdit] = []
    new: list[str] = []
    for language in wanted:
        own = [
            (at, lines)
            for at, lines in zip(entries, keys, strict=True)
            if _parse_value(text, lines.get("name")) == language["name"]
        ]
        lists = [lines["language-servers"] for _, lines in own if "language-servers" in lines]
        default = f"language-servers = {_to_toml(language['language-servers'])}"
        if lists:
            edits += [edit for each in lists for edit in _append_server(text, each)]
        elif own:
            at = found[own[0][0]].end
            edits.append((at, at, f"{default} {_OUR_LINE}{line_end}"))
        else:
            new.append(f"[[language]]\nname = {_to_toml(language['name'])}\n{default}")
    return edits, "\n\n".join(new), ()


def _append_server(text: str, each: Statement) -> Sequence[SpanEdit]:
    value = _parse_value(text, each)
    if not isinstance(value, list) or NAME in map(server_name, value):
        return ()
    end = each.value_end
    if each.comment:
        end = text.index(each.comment, each.value_end) + len(each.comment)
    changed = append_item(text[each.value_start : each.value_end], _ITEM)
    return (each.value_start, each.value_end, changed), (end, end, f" {_OUR_ITEM}")


def server_name(entry: object) -> object:
    """Return a server's name; an entry may also be a table with the features to request from it."""
    return entry.get("name") if isinstance(entry, dict) else entry


def _parse_value(text: str, each: Statement | None) -> object:
    if each is None:
        return None
    return tomllib.loads(f"value = {text[each.value_start : each.value_end]}")["value"]


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _to_toml(value: object) -> str:
    """Return the TOML of a string, number, boolean or list of these, which JSON writes alike."""
    return json.dumps(value, ensure_ascii=False)


def _to_key(part: str) -> str:
    is_bare = part.isascii() and part.replace("-", "").replace("_", "").isalnum()
    return part if is_bare else json.dumps(part)
