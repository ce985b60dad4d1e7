"""Finds the members of a JSON text, so that it can be changed without being rewritten.

Comments and trailing commas are read as VS Code reads them.
"""

import json
import re
from dataclasses import dataclass

from ds_lsp.editor_files.file_text import Unreadable, line_of

_TOKEN = re.compile(
    r"(?P<blank>\s+|//[^\n]*|/\*.*?\*/)"
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<mark>[{}\[\],:])"
    r"|(?P<word>[^\s{}\[\],:\"/]+)",
    re.DOTALL,
)
_MAX_DEPTH = 100
"""Maximum nesting: far more than in any settings file; Python's limit is some 1,000 calls."""


@dataclass(frozen=True, slots=True)
class JsonNode:
    """A value and its place in the text."""

    value: object
    """The value of a string, number, boolean or null; None for a list or object."""
    start: int
    end: int
    members: "tuple[JsonMember, ...] | None" = None
    """The members of an object; None for any other value."""

    def find(self, key: str) -> "JsonNode | None":
        """Return the value of the last member *key*, which is the one that counts, or None."""
        found = [each.node for each in self.members or () if each.key == key]
        return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class JsonMember:
    """A key of an object and its value."""

    key: str
    start: int
    """Offset of the key."""
    node: JsonNode


def parse(text: str, *, has_comments: bool) -> JsonNode:
    """Return the object in *text*. Raises `Unreadable` with the line."""
    reader = _JsonReader(text, has_comments=has_comments)
    if not reader.word:
        reader.refuse("there is no object in it")
    node = reader.read_value(0)
    if reader.word:
        reader.refuse(f"{reader.word!r} is behind the end")
    if node.members is None:
        raise Unreadable(f"line {line_of(text, node.start)}: it does not hold an object {{...}}")
    return node


def has_no_value(text: str) -> bool:
    """Return whether there is nothing but blanks and comments in *text*."""
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup != "blank":
            return False
        at = token.end()
    return True


class _JsonReader:
    """Parses JSON by recursive descent, with one token read ahead."""

    def __init__(self, text: str, *, has_comments: bool) -> None:
        self._text = text
        self._has_comments = has_comments
        self._kind: str | None = ""
        self.word = ""
        self._start = self._end = self._last_end = 0
        self._advance()

    def refuse(self, what: str) -> None:
        form = "JSON with comments" if self._has_comments else "JSON"
        # A missing end is reported behind the last word.
        line = line_of(self._text, self._start if self.word else self._last_end)
        raise Unreadable(f"line {line}: it is not valid {form} ({what})")

    def read_value(self, depth: int) -> JsonNode:
        start = self._start
        if depth > _MAX_DEPTH:
            self.refuse("it is nested too deeply")
        if self.word == "{":
            members = self._read_members(depth)
            return JsonNode(None, start, self._last_end, members)
        if self.word == "[":
            self._read_list(depth)
            return JsonNode(None, start, self._last_end)
        value: object = None
        try:
            if self._kind not in ("string", "word"):
                raise ValueError
            value = json.loads(self.word)
        except ValueError:
            self.refuse(f"{self.word!r} is no value" if self.word else "its end is missing")
        self._advance()
        return JsonNode(value, start, self._last_end)

    def _read_members(self, depth: int) -> tuple[JsonMember, ...]:
        members: list[JsonMember] = []
        self._advance()
        while self.word != "}":
            start = self._start
            if self._kind != "string":
                self.refuse(f"{self.word!r} is no key" if self.word else "a } is missing")
            key = str(json.loads(self.word, strict=False))
            self._advance()
            self._expect(":")
            members.append(JsonMember(key, start, self.read_value(depth + 1)))
            self._read_comma("}")
        self._advance()
        return tuple(members)

    def _read_list(self, depth: int) -> None:
        self._advance()
        while self.word != "]":
            self.read_value(depth + 1)
            self._read_comma("]")
        self._advance()

    def _read_comma(self, closer: str) -> None:
        if self.word == closer:
            return
        self._expect(",")
        if self.word == closer and not self._has_comments:
            self.refuse(f"there is a comma before {closer}")

    def _expect(self, mark: str) -> None:
        if self.word != mark:
            self.refuse(f"a {mark} is missing")
        self._advance()

    def _advance(self) -> None:
        self._last_end = self._end
        at = self._end
        while True:
            token = _TOKEN.match(self._text, at)
            self._start = at
            if token is None:
                self._kind, self.word, self._end = None, self._text[at : at + 1], at + 1
                if self.word:
                    self.refuse(f"{self.word!r} is not expected")
                return
            if token.lastgroup != "blank":
                break
            if token.group()[0] == "/" and not self._has_comments:
                self.refuse("it has a comment")
            at = token.end()
        self._kind, self.word = token.lastgroup, token.group()
        self._end = token.end()
