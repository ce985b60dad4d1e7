"""Mends messages that do not conform to LSP, by leaving out what its types cannot hold.

lsprotocol's classes are the meta model of LSP as types. A message that does not fit its class is
copied along it, at any depth of objects, lists and unions. The copy leaves out unknown values of
enumerations, nulls of optional members, and members that are broken themselves. A required member
gets its obvious value, if it has one. Only a message that could not be read is mended, so that
others cost nothing.
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
    # Drafts of LSP 3.18 numbered the kinds 0 and 1: an unknown kind counts as invoked by the user.
    (types.InlineCompletionContext, "triggerKind"): 1,
    (types.CodeActionParams, "context"): {"diagnostics": []},
    (types.CodeActionContext, "diagnostics"): [],
    (types.TextDocumentItem, "version"): 0,
    # The language is then found by the name of the file.
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
"""Values of required members that a client left out, or sent in an unreadable form."""

_WHOLE = {(types.DidChangeTextDocumentParams, "contentChanges")}
"""Lists that must be complete: without one change, our text would differ from the editor's."""


class _BrokenError(Exception):
    """A value that cannot be mended. Its container leaves it out, if it can."""


@dataclass(frozen=True, slots=True)
class _MessageMember:
    """A member of an object of the protocol."""

    name: str
    """The name on the wire, in camel case."""
    type: Any
    is_required: bool
    validator: Callable[..., object] | None
    owner: type


def mend(message: object, expected: type) -> Any:
    """Return a copy of *message* without what *expected* cannot hold, to be read again.

    If a required member is broken and has no obvious value, return *message* itself.
    """
    try:
        return _mend_value(message, expected)[0]
    except _BrokenError:
        return message


def to_text(value: object, kind: type[str] = str) -> str:
    """Read a string. LSP 3.18 sends markup for some: its source is read as the string.

    Raises `TypeError` when *value* is neither.
    """
    if kind is not str:
        # The converter calls this for enumerations of strings, too.
        return kind(value)
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("value"), str):
        return str(value["value"])
    if isinstance(value, int | float):
        return str(value)
    raise TypeError("not a text")


def _mend_value(value: object, wanted: Any) -> tuple[Any, int]:
    """Return *value* as *wanted* can hold it, and the number of losses. Raises `_BrokenError`."""
    origin = get_origin(wanted)
    if origin in (Union, UnionType):
        return _mend_union(value, get_args(wanted))
    if origin is not None and isinstance(origin, type):
        if issubclass(origin, Mapping):
            return _mend_mapping(value, get_args(wanted))
        if issubclass(origin, Sequence) and origin is not tuple:
            return _mend_list(value, get_args(wanted)[0], is_whole=False)
        return value, 0
    if not isinstance(wanted, type):
        return value, 0
    if attrs.has(wanted):
        return _mend_object(value, wanted)
    return _mend_scalar(value, wanted)


def _mend_scalar(value: object, wanted: type) -> tuple[Any, int]:
    try:
        if wanted is NoneType:
            return None, int(value is not None)
        if issubclass(wanted, Enum):
            return _mend_enum(value, wanted), 0
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


def _mend_enum(value: object, wanted: type[Enum]) -> object:
    known = {each.value for each in wanted}
    if isinstance(value, str) and value not in known:
        value = int(value)
    if not isinstance(value, int | float | str) or value not in known:
        raise _BrokenError
    return value


def _mend_union(value: object, alternatives: Sequence[Any]) -> tuple[Any, int]:
    """Return *value* as the alternative with the fewest losses."""
    if value is None:
        if NoneType in alternatives:
            return None, 0
        raise _BrokenError
    # A value of a type that is allowed stays: a number must not become a text.
    if type(value) in alternatives:
        return value, 0
    best: tuple[Any, int] | None = None
    for each in alternatives:
        if each is NoneType:
            continue
        try:
            found = _mend_value(value, each)
        except _BrokenError:
            continue
        if best is None or found[1] < best[1]:
            best = found
    if best is None:
        raise _BrokenError
    return best


def _mend_list(value: object, element: Any, *, is_whole: bool) -> tuple[Any, int]:
    # Clients in Lua may send an empty list as an empty object: Lua has one type for both.
    if value == {}:
        return [], 0
    if not isinstance(value, list):
        raise _BrokenError
    kept, losses = [], 0
    for each in value:
        try:
            mended, lost = _mend_value(each, element)
        except _BrokenError:
            if is_whole:
                raise
            losses += 1
        else:
            kept.append(mended)
            losses += lost
    return kept, losses


def _mend_mapping(value: object, arguments: Sequence[Any]) -> tuple[Any, int]:
    if value == []:
        return {}, 0
    if not isinstance(value, dict) or len(arguments) != 2:
        raise _BrokenError
    kept, losses = {}, 0
    for key, each in value.items():
        try:
            kept[key], lost = _mend_value(each, arguments[1])
        except _BrokenError:
            lost = 1
        losses += lost
    return kept, losses


def _mend_object(value: object, wanted: type) -> tuple[Any, int]:
    if value == []:
        value = {}
    if not isinstance(value, dict):
        raise _BrokenError
    members = _members_of(wanted)
    # Members that this class does not know are losses, so that a union prefers the class that has
    # them. A null does not count: it may belong to a class that the union tries next.
    kept = {name: each for name, each in value.items() if each is not None and name not in members}
    losses = len(kept)
    for name, member in members.items():
        try:
            if name in value:
                kept[name], lost = _mend_member(value[name], member)
                losses += lost
            elif member.is_required:
                kept[name] = _required_value(member)
                losses += 1
        except _BrokenError:
            losses += 1
            if member.is_required:
                kept[name] = _required_value(member)
    return kept, losses


def _mend_member(value: object, member: _MessageMember) -> tuple[Any, int]:
    if (member.owner, member.name) in _WHOLE:
        return _mend_list(value, get_args(member.type)[0], is_whole=True)
    mended, lost = _mend_value(value, member.type)
    if member.validator is not None:
        try:
            member.validator(None, member, mended)
        except (TypeError, ValueError) as exc:
            raise _BrokenError from exc
    return mended, lost


def _required_value(member: _MessageMember) -> Any:
    if (member.owner, member.name) in _REQUIRED:
        return _REQUIRED[member.owner, member.name]
    if NoneType in get_args(member.type):
        return None
    raise _BrokenError


@cache
def _members_of(wanted: type) -> dict[str, _MessageMember]:
    return {
        name: _MessageMember(name, each.type, each.default is attrs.NOTHING, each.validator, wanted)
        for each in attrs.fields(wanted)
        if (name := _wire_name(each.name))
    }


def _wire_name(name: str) -> str:
    first, *others = name.removesuffix("_").split("_")
    return first + "".join(map(str.title, others))
