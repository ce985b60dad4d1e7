"""Mends messages of clients that are not strict: what the protocol's types cannot hold is left out.

lsprotocol's classes are the protocol's meta model as types; a message that does not fit them is
walked along them. Unknown values of enumerations, nulls of what is optional and members that are
broken themselves go, in objects, lists and unions at any depth; what is required and has an obvious
value gets it. Only a message that could not be read is mended, so that others cost nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import attrs
from lsprotocol import types

_MAX_INTEGER = 2**31 - 1
"""Largest integer in LSP. Clients send larger ones for the end of a line."""

_REQUIRED: Mapping[tuple[type, str], object] = {
    (types.InlineCompletionParams, "context"): {"triggerKind": 1},
    # Kinds were 0 and 1 in drafts of LSP 3.18: an unknown one counts as asked for by the user.
    (types.InlineCompletionContext, "triggerKind"): 1,
    (types.CodeActionParams, "context"): {"diagnostics": []},
    (types.CodeActionContext, "diagnostics"): [],
    (types.TextDocumentItem, "version"): 0,
    # The file's name says it then.
    (types.TextDocumentItem, "languageId"): "",
    (types.VersionedTextDocumentIdentifier, "version"): 0,
    (types.InitializeParams, "capabilities"): {},
    (types.InitializedNotification, "params"): {},
    (types.ClientInfo, "name"): "",
    (types.WorkspaceFolder, "name"): "",
    (types.DidChangeWorkspaceFoldersParams, "event"): {"added": [], "removed": []},
    (types.WorkspaceFoldersChangeEvent, "added"): [],
    (types.WorkspaceFoldersChangeEvent, "removed"): [],
    (types.SetTraceParams, "value"): "off",
    (types.ResponseError, "code"): types.ErrorCodes.InternalError.value,
    (types.ResponseError, "message"): "",
    (types.ConfigurationResponse, "result"): [],
    (types.ApplyWorkspaceEditResponse, "result"): {"applied": False},
    (types.ApplyWorkspaceEditResult, "applied"): False,
    (types.ShowDocumentResponse, "result"): {"success": False},
    (types.ShowDocumentResult, "success"): False,
}
"""Values of required members that a client left out, or sent in no way that can be understood."""

_WHOLE = {(types.DidChangeTextDocumentParams, "contentChanges")}
"""Lists from which nothing may be left out: the text would not be the editor's any more."""


class _BrokenError(Exception):
    """A value cannot be mended; what holds it goes on without it, if it can."""


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    """On the wire."""
    type: Any
    is_required: bool
    validator: Callable[..., object] | None
    owner: type


def mend(message: object, expected: type) -> Any:
    """Return a copy of *message* without what *expected* cannot hold, to be read again.

    It may still be unreadable: what is required, and broken, stays as it is.
    """
    try:
        return _mended(message, expected)[0]
    except _BrokenError:
        return message


def to_text(value: object, kind: type[str] = str) -> str:
    """Read a text. LSP 3.18 marks up what was plain before: that is read as it was written."""
    if kind is not str:
        # The converter asks here for enumerations of texts, too.
        return kind(value)
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("value"), str):
        return str(value["value"])
    if isinstance(value, int | float):
        return str(value)
    raise TypeError("not a text")


def _mended(value: object, wanted: Any) -> tuple[Any, int]:
    """Return *value* as *wanted* can hold it, and the number of losses. Raises `_BrokenError`."""
    origin = get_origin(wanted)
    if origin in (Union, UnionType):
        return _mended_union(value, get_args(wanted))
    if origin is not None and isinstance(origin, type):
        if issubclass(origin, Mapping):
            return _mended_mapping(value, get_args(wanted))
        if issubclass(origin, Sequence) and origin is not tuple:
            return _mended_list(value, get_args(wanted)[0], is_whole=False)
        return value, 0
    if not isinstance(wanted, type):
        return value, 0
    if attrs.has(wanted):
        return _mended_object(value, wanted)
    return _mended_scalar(value, wanted)


def _mended_scalar(value: object, wanted: type) -> tuple[Any, int]:
    try:
        if wanted is NoneType:
            return None, int(value is not None)
        if issubclass(wanted, Enum):
            return _mended_enum(value, wanted), 0
        if wanted is str:
            return to_text(value), 0
        if wanted is int and isinstance(value, int | float | str):
            return min(int(value), _MAX_INTEGER), 0
        if wanted is float and isinstance(value, int | float | str):
            return float(value), 0
        if wanted is bool and value is not None:
            return bool(value), 0
    except (TypeError, ValueError, OverflowError) as exc:
        raise _BrokenError from exc
    if wanted in (int, float, bool):
        raise _BrokenError
    return value, 0


def _mended_enum(value: object, wanted: type[Enum]) -> object:
    known = {each.value for each in wanted}
    if isinstance(value, str) and value not in known:
        value = int(value)
    if not isinstance(value, int | float | str) or value not in known:
        raise _BrokenError
    return value


def _mended_union(value: object, alternatives: Sequence[Any]) -> tuple[Any, int]:
    """Take the alternative that loses least."""
    if value is None:
        if NoneType in alternatives:
            return None, 0
        raise _BrokenError
    # As they are: a number must not become a text where it may be one.
    if type(value) in alternatives:
        return value, 0
    best: tuple[Any, int] | None = None
    for each in alternatives:
        if each is NoneType:
            continue
        try:
            found = _mended(value, each)
        except _BrokenError:
            continue
        if best is None or found[1] < best[1]:
            best = found
    if best is None:
        raise _BrokenError
    return best


def _mended_list(value: object, element: Any, *, is_whole: bool) -> tuple[Any, int]:
    # In Lua, an empty list and an empty object are one.
    if value == {}:
        return [], 0
    if not isinstance(value, list):
        raise _BrokenError
    kept, losses = [], 0
    for each in value:
        try:
            mended, lost = _mended(each, element)
        except _BrokenError:
            if is_whole:
                raise
            losses += 1
        else:
            kept.append(mended)
            losses += lost
    return kept, losses


def _mended_mapping(value: object, arguments: Sequence[Any]) -> tuple[Any, int]:
    if value == []:
        return {}, 0
    if not isinstance(value, dict) or len(arguments) != 2:
        raise _BrokenError
    kept, losses = {}, 0
    for key, each in value.items():
        try:
            kept[key], lost = _mended(each, arguments[1])
        except _BrokenError:
            lost = 1
        losses += lost
    return kept, losses


def _mended_object(value: object, wanted: type) -> tuple[Any, int]:
    if value == []:
        value = {}
    if not isinstance(value, dict):
        raise _BrokenError
    members = _members(wanted)
    # A null of what this class does not have may be of what its twin in a union has.
    kept = {name: each for name, each in value.items() if each is not None and name not in members}
    losses = len(kept)
    for name, member in members.items():
        try:
            if name in value:
                kept[name], lost = _mended_member(value[name], member)
                losses += lost
            elif member.is_required:
                kept[name] = _required(member)
                losses += 1
        except _BrokenError:
            losses += 1
            if member.is_required:
                kept[name] = _required(member)
    return kept, losses


def _mended_member(value: object, member: _Member) -> tuple[Any, int]:
    if (member.owner, member.name) in _WHOLE:
        return _mended_list(value, get_args(member.type)[0], is_whole=True)
    mended, lost = _mended(value, member.type)
    if member.validator is not None:
        try:
            member.validator(None, member, mended)
        except (TypeError, ValueError) as exc:
            raise _BrokenError from exc
    return mended, lost


def _required(member: _Member) -> Any:
    if (member.owner, member.name) in _REQUIRED:
        return _REQUIRED[member.owner, member.name]
    if NoneType in get_args(member.type):
        return None
    raise _BrokenError


@cache
def _members(wanted: type) -> dict[str, _Member]:
    return {
        name: _Member(name, each.type, each.default is attrs.NOTHING, each.validator, wanted)
        for each in attrs.fields(wanted)
        if (name := _wire_name(each.name))
    }


def _wire_name(name: str) -> str:
    first, *others = name.removesuffix("_").split("_")
    return first + "".join(map(str.title, others))
