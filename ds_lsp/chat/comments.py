"""How comments are written in which language: data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comments:
    """One language's comments."""

    line: str
    """What begins a comment that ends with its line."""
    documentation: str
    """What begins each line of one that documents; ``/**`` stands for a block of lines."""


_TABLE = """
// /** : c cpp groovy java javascript javascriptreact kotlin objective-c objective-cpp php scala
         typescript typescriptreact
// ///  : csharp dart fsharp rust swift zig
// //   : go proto
#  #    : cmake coffeescript dockerfile elixir julia makefile nim nix perl powershell python r ruby
         shellscript toml yaml
-- ---  : lua
-- --   : haskell sql
;  ;;   : clojure lisp
%  %    : erlang latex
'  '    : vb
"""


def _read(table: str) -> dict[str, Comments]:
    comments, found = Comments("", ""), {}
    for line in table.strip().splitlines():
        marks, colon, names = line.rpartition(" : ")
        if colon:
            comments = Comments(*marks.split())
        found.update(dict.fromkeys(names.split(), comments))
    return found


COMMENTS = _read(_TABLE)
"""Language id to its comments."""


def text_of_comment(line: str, language_id: str) -> str:
    """What a line says that is a comment and nothing else; empty when it is none."""
    comments = COMMENTS.get(language_id)
    text = line.strip()
    if comments is None or not text.startswith(comments.line) or text.startswith("#!"):
        return ""
    return text.lstrip(comments.line[0] + "!").strip()
