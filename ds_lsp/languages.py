"""Which language a file is in, by its name: LSP's language ids as data."""

from pathlib import PurePath

_BY_SUFFIX = """
bash shellscript, bat bat, bib bibtex, c c, cc cpp, clj clojure, cljs clojure, cmake cmake,
coffee coffeescript, cpp cpp, cs csharp, css css, cxx cpp, dart dart, diff diff, el lisp,
erl erlang, ex elixir, exs elixir, f90 fortran, fs fsharp, go go, gradle groovy, groovy groovy,
h c, hh cpp, hpp cpp, hs haskell, htm html, html html, ini ini, java java, jl julia,
js javascript, json json, jsonc jsonc, jsx javascriptreact, kt kotlin, kts kotlin, less less,
lisp lisp, lua lua, m objective-c, md markdown, mjs javascript, ml ocaml, mli ocaml,
mm objective-cpp, nim nim, nix nix, php php, pl perl, pm perl, proto proto, ps1 powershell,
py python, pyi python, pyw python, r r, rb ruby, rs rust, sass sass, scala scala, scss scss,
sh shellscript, sql sql, svelte svelte, swift swift, tex latex, toml toml, ts typescript,
tsx typescriptreact, txt plaintext, vb vb, vue vue, xml xml, xsl xsl, yaml yaml, yml yaml,
zig zig, zsh shellscript
"""

BY_SUFFIX = dict(pair.split() for pair in _BY_SUFFIX.split(","))
"""Suffix, in lower case and without its dot, to language id."""

BY_NAME = {
    "cmakelists.txt": "cmake",
    "dockerfile": "dockerfile",
    "gemfile": "ruby",
    "gnumakefile": "makefile",
    "makefile": "makefile",
    "rakefile": "ruby",
}
"""Files whose whole name says it, in lower case."""


def language_id(path: PurePath) -> str:
    """The id an editor would most likely send; of an unknown suffix, the suffix itself."""
    suffix = path.suffix[1:].lower()
    return BY_NAME.get(path.name.lower()) or BY_SUFFIX.get(suffix, suffix or "plaintext")


LINE_COMMENT = {
    **dict.fromkeys(
        (
            *("c", "cpp", "csharp", "dart", "fsharp", "go", "groovy", "java", "javascript"),
            *("javascriptreact", "json", "jsonc", "kotlin", "less", "objective-c"),
            *("objective-cpp", "php", "proto", "rust", "sass", "scala", "scss", "svelte", "swift"),
            *("typescript", "typescriptreact", "vue", "zig"),
        ),
        "//",
    ),
    **dict.fromkeys(("haskell", "lua", "sql"), "--"),
    **dict.fromkeys(("clojure", "ini", "lisp"), ";"),
    **dict.fromkeys(("bibtex", "erlang", "latex"), "%"),
    **dict.fromkeys(("html", "markdown", "xml", "xsl"), "<!-- -->"),
    "css": "/* */",
    "bat": "rem ",
    "fortran": "!",
    "ocaml": "(* *)",
    "vb": "'",
}
"""How a line of comment begins, and after a space how it ends where it must; else with ``#``."""

_ALIKE = (
    ("javascript", "javascriptreact", "typescript", "typescriptreact", "vue", "svelte"),
    ("c", "cpp", "objective-c", "objective-cpp"),
    ("css", "scss", "less", "sass"),
    ("java", "kotlin", "scala", "groovy"),
)
"""Languages that import each other's files."""


def suffixes_like(language: str) -> frozenset[str]:
    """The suffixes, with their dots, of files that may be imported in this language."""
    family = next((each for each in _ALIKE if language in each), (language,))
    return frozenset(f".{suffix}" for suffix, each in BY_SUFFIX.items() if each in family)
