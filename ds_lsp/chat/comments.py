"""How comments are written in which language: data."""

from dataclasses import dataclass

from ds_lsp.languages import LINE_COMMENT


@dataclass(frozen=True, slots=True)
class Comments:
    """One language's comments."""

    line: str
    """What begins a comment of one line."""
    documentation: str = ""
    """What begins each line of one that documents; ``/**`` stands for a block of lines. Empty where
    functions are not documented like that, or there are none."""
    end: str = ""
    """What ends a comment of one line, where its end does not."""


_TABLE = """
// /** : arduino c cpp cuda-cpp groovy java javascript javascriptreact kotlin objective-c
         objective-cpp php scala svelte typescript typescriptreact vue
// ///  : csharp dart fsharp rust swift zig
// //   : go proto
#  #    : cmake coffeescript dockerfile elixir fish hcl julia makefile nim nix perl powershell
         python r ruby shellscript terraform toml yaml
-- ---  : lua
-- --   : haskell sql
;  ;;   : clojure emacs-lisp lisp scheme
!  !>   : fortran
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


def _without_documentation() -> dict[str, Comments]:
    marks = {name: mark.partition(" ") for name, mark in LINE_COMMENT.items() if mark[-1] != " "}
    return {name: Comments(begin, end=end) for name, (begin, _, end) in marks.items()}


COMMENTS = _without_documentation() | _read(_TABLE)
"""Language id to its comments."""


def text_of_comment(line: str, language_id: str) -> str:
    """What a line says that is a comment and nothing else; empty when it is none."""
    comments = COMMENTS.get(language_id)
    text = line.strip()
    if comments is None or not text.startswith(comments.line) or text.startswith("#!"):
        return ""
    if not text.endswith(comments.end):
        return ""
    text = text.removeprefix(comments.line).removesuffix(comments.end)
    return text.lstrip(comments.line[-1] + "!").strip()
