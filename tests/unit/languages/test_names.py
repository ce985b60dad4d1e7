"""One table of names, one equality: which names are one language, and which are not."""

from collections.abc import Collection
from itertools import combinations
from pathlib import PurePath

import pytest

from ds_lsp.chat.edits import _WORDY
from ds_lsp.languages.comments import COMMENTS, text_of_comment, to_comment
from ds_lsp.languages.imports import _DOTS, _PATTERNS, _SIBLINGS
from ds_lsp.languages.lexicon import BY_LANGUAGE, EMBEDDED, lexicon_for
from ds_lsp.languages.names import (
    BY_NAME,
    BY_SUFFIX,
    are_alike,
    by_client_name,
    completion_family,
    is_same,
    language_id,
    suffixes_like,
    suffixes_of_family,
    to_id,
)
from ds_lsp.languages.reader import scan
from ds_lsp.languages.table import LANGUAGES, PROSE, RELATIVES
from ds_lsp.workspace.documents import Documents

RELATED = [language for group in RELATIVES for language in group.languages]

# What each client was seen or is documented to send, with LSP's id of it.
NEOVIM = {
    "sh": "shellscript", "bash": "shellscript", "zsh": "shellscript", "ksh": "shellscript",
    "cs": "csharp", "make": "makefile", "automake": "makefile", "ps1": "powershell",
    "dosini": "ini", "confini": "ini", "dosbatch": "bat", "text": "plaintext",
    "rst": "restructuredtext", "gitcommit": "git-commit", "gitrebase": "git-rebase",
    "gitignore": "ignore", "objc": "objective-c", "objcpp": "objective-cpp", "cuda": "cuda-cpp",
    "tex": "latex", "plaintex": "latex", "context": "latex", "bib": "bibtex", "eruby": "erb",
    "htmldjango": "django-html", "javascript.jsx": "javascriptreact",
    "typescript.tsx": "typescriptreact", "typescript.glimmer": "typescript",
    "jproperties": "properties", "yaml.docker-compose": "dockercompose",
    "yaml.ansible": "yaml", "python.django": "python", "gomod": "go.mod", "gowork": "go.work",
    "gosum": "go.sum", "lhaskell": "literate-haskell", "sml": "standard-ml", "bzl": "starlark",
    "pandoc": "markdown", "markdown.pandoc": "markdown", "rmd": "rmd", "quarto": "quarto",
    "xslt": "xsl", "idris2": "idris", "terraform-vars": "terraform", "cucumber": "gherkin",
    "help": "help", "mail": "mail", "man": "man", "vimwiki": "vimwiki", "hgcommit": "git-commit",
    "gitsendemail": "git-commit", "ocaml.interface": "ocaml", "pyrex": "cython", "env": "dotenv",
    "vb": "vb", "raku": "raku", "proto": "proto", "messages": "log", "docbk": "xml",
}  # fmt: skip
EGLOT = {
    "c++": "cpp", "c++-ts": "cpp", "c-or-c++": "cpp", "objc": "objective-c", "sh": "shellscript",
    "bash": "shellscript", "sh-base": "shellscript", "python": "python", "python-ts": "python",
    "python-base": "python", "js": "javascript", "js-base": "javascript", "js2": "javascript",
    "js-json": "json", "tsx": "typescriptreact", "typescript-ts": "typescript",
    "conf-toml": "toml", "nxml": "xml", "mhtml": "html", "latex": "latex", "plain-tex": "latex",
    "cperl": "perl", "f90": "fortran", "tuareg": "ocaml", "caml": "ocaml", "enh-ruby": "ruby",
    "go-dot-mod": "go.mod", "go-mod-ts": "go.mod", "clojurec": "clojure", "phps": "php",
    "emacs-lisp": "emacs-lisp", "lisp-interaction": "emacs-lisp", "message": "mail",
    "gfm": "markdown", "rst": "restructuredtext", "text": "plaintext", "fundamental": "plaintext",
    "makefile-gmake": "makefile", "makefile-bsdmake": "makefile", "less-css": "less",
    "vimrc": "vim", "csharp-ts": "csharp", "ess-r": "r", "org-journal": "org", "scss": "scss",
    "sgml": "html", "heex-ts": "elixir", "python-mode": "python", "c++-ts-mode": "cpp",
    "emacs-lisp-mode": "emacs-lisp", "LaTeX-mode": "latex", "log-edit": "git-commit",
}  # fmt: skip
LSP_MODE = {
    "shellscript": "shellscript", "objective-c": "objective-c", "PowerShell": "powershell",
    "plaintex": "latex", "protobuf": "proto", "clojurescript": "clojure", "cuda": "cuda-cpp",
    "plaintext": "plaintext", "javascriptreact": "javascriptreact", "go.mod": "go.mod",
    "nushell": "nushell", "tiltfile": "starlark", "restructuredtext": "restructuredtext",
}  # fmt: skip
HELIX = {
    "bash": "shellscript", "c-sharp": "csharp", "tsx": "typescriptreact", "jsx": "javascriptreact",
    "git-commit": "git-commit", "git-ignore": "ignore", "common-lisp": "lisp", "make": "makefile",
    "protobuf": "proto", "ocaml-interface": "ocaml", "haskell-literate": "literate-haskell",
    "rmarkdown": "rmd", "qmd": "quarto", "docker-compose": "dockercompose", "elisp": "emacs-lisp",
    "markdown.inline": "markdown", "markdown-rustdoc": "markdown", "gomod": "go.mod",
    "github-action": "github-actions-workflow", "rst": "restructuredtext", "php-only": "php",
    "tfvars": "terraform", "wikitext": "mediawiki", "nu": "nushell", "sml": "standard-ml",
}  # fmt: skip
KATE = {
    "C++": "cpp", "ISO C++": "cpp", "ANSI C89": "c", "Objective-C++": "objective-cpp",
    "R Script": "r", "Objective Caml": "ocaml", "JavaScript React (JSX)": "javascriptreact",
    "TypeScript React (TSX)": "typescriptreact", "Common Lisp": "lisp", "C#": "csharp",
    "reStructuredText": "restructuredtext", "Zsh": "shellscript", "Bash": "shellscript",
    "Normal": "plaintext", "INI Files": "ini", "Java Properties": "properties",
    "Fortran (Free Format)": "fortran",
}  # fmt: skip
OTHERS = {
    # Sublime's scopes, without "source"
    "dosbatch": "bat", "js": "javascript", "ts": "typescript", "fixedform-fortran": "fortran",
    "modern-fortran": "fortran", "Kotlin": "kotlin", "json-tmlanguage": "jsonc", "shell":
    "shellscript", "advanced_csv": "csv",
    # JetBrains
    "JAVA": "java", "ObjectiveC": "objective-c", "Shell Script": "shellscript", "TEXT": "plaintext",
    "TypeScript JSX": "typescriptreact", "JSX Harmony": "javascriptreact", "Python": "python",
    "ECMAScript 6": "javascript", "F#": "fsharp", "XHTML": "html",
    # Zed, Xcode, Visual Studio
    "Plain Text": "plaintext", "CSharp": "csharp", "JSON with Comments": "jsonc",
    # Users, by suffix
    "py": "python", "rs": "rust", "yml": "yaml", "md": "markdown", "txt": "plaintext",
    "kt": "kotlin", "hs": "haskell", "rb": "ruby", "golang": "go", " Rust ": "rust",
}  # fmt: skip

ROWS = [
    pytest.param(name, wanted, id=f"{client} {name}")
    for client, names in {
        "neovim": NEOVIM, "eglot": EGLOT, "lsp-mode": LSP_MODE, "helix": HELIX, "kate": KATE,
        "other": OTHERS,
    }.items()
    for name, wanted in names.items()
]  # fmt: skip


def opened(uri: str, language: str) -> str:
    """The language of a document for which a client says *language*."""
    documents = Documents()
    documents.open(uri, language, 1, "")
    document = documents.get(uri)
    assert document is not None
    return document.language_id


@pytest.mark.parametrize(("name", "wanted"), ROWS)
def test_name_of_a_client_becomes_the_id(name: str, wanted: str) -> None:
    assert to_id(name) == wanted
    assert is_same(name, wanted)
    assert opened("untitled:1", name) == wanted


@pytest.mark.parametrize(("name", "wanted"), by_client_name().items())
def test_every_row_of_the_table_leads_to_an_id(name: str, wanted: str) -> None:
    for spelled in (name, name.upper(), name.replace("-", " "), name.replace("-", "_")):
        assert to_id(spelled) == wanted
    assert to_id(wanted) == wanted


@pytest.mark.parametrize("name", ["foolang", "FooLang", "робот", "甲", "foo.bar", "source.foo", ""])
def test_unknown_name_stays_as_it_is(name: str) -> None:
    assert to_id(name) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("cs", "csharp"), ("sh", "shellscript"), ("bash", "zsh"), ("c++", "cpp"), ("c", "c++")),
        *(("javascript.jsx", "typescript"), ("tsx", "js"), ("scss", "css"), ("kotlin", "JAVA")),
        *(("tex", "plaintex"), ("rmd", "markdown"), ("foolang", "foolang"), ("mail", "mail")),
        *(("objc", "c++"), ("cuda", "cpp"), ("elisp", "lisp"), ("gitcommit", "git-commit")),
        *(("make", "makefile"), ("dosini", "ini"), ("jsonc", "json"), ("rst", "restructuredtext")),
    ],
)
def test_these_are_alike(one: str, other: str) -> None:
    assert are_alike(one, other)
    assert are_alike(other, one)


NOT_ALIKE = [
    # Without a language, like nothing: not even like itself.
    *(("plaintext", "plaintext"), ("text", "plaintext"), ("", ""), ("", "text"), ("", "python")),
    *(("text", "txt"), ("Normal", "fundamental"), ("plaintext", "foolang"), ("", "foolang")),
    *(("unknown", "unknown"), ("undefined", "undefined"), ("null", "null"), ("prog-mode", "prog")),
    *(("No Language", "no-language"), ("default", "Default"), ("special-mode", "special-mode")),
    # Two unknown ones
    *(("foolang", "barlang"), ("foolang", "FooBar"), ("plain-old", "text"), ("mailx", "shx")),
    # Prose and code
    *(("mail", "sh"), ("text", "cs"), ("help", "make"), ("text", "c++"), ("text", "bash")),
    *(("gitcommit", "python"), ("markdown", "python"), ("org", "emacs-lisp"), ("tex", "c")),
    *(("rst", "python"), ("vimwiki", "vim"), ("mail", "unknown"), ("rmd", "r"), ("log", "sh")),
    # Prose of two kinds
    *(("mail", "markdown"), ("mail", "text"), ("help", "mail"), ("rst", "markdown")),
    *(("gitcommit", "mail"), ("org", "markdown"), ("tex", "bibtex")),
    # Code of two languages, though one's name begins like the other's
    *(("c", "csharp"), ("c", "cs"), ("java", "javascript"), ("c++", "java"), ("sh", "fish")),
    *(("csh", "sh"), ("r", "rust"), ("go", "go.mod"), ("perl", "raku"), ("v", "vue")),
    *(("python", "cython"), ("sql", "postgres"), ("html", "xml"), ("yaml", "json")),
    *(("ps1", "ps"), ("lisp", "scheme"), ("tcl", "tcsh"), ("d", "dart")),
]


@pytest.mark.parametrize(("one", "other"), NOT_ALIKE)
def test_these_are_not_alike(one: str, other: str) -> None:
    assert not are_alike(one, other)
    assert not are_alike(other, one)


def test_likeness_is_an_equivalence_among_known_languages() -> None:
    known = sorted(set(by_client_name().values()) - {"plaintext"})
    groups = {name: frozenset(each for each in known if are_alike(name, each)) for name in known}
    for name, group in groups.items():
        assert name in group
        assert all(groups[each] == group for each in group)


def test_no_prose_is_like_code() -> None:
    code = {language for language in BY_LANGUAGE if language not in PROSE}
    assert not [(one, other) for one in PROSE for other in code if are_alike(one, other)]


@pytest.mark.parametrize(
    "names",
    [
        *(BY_SUFFIX.values(), BY_NAME.values(), PROSE, COMMENTS, BY_LANGUAGE),
        *(EMBEDDED, _PATTERNS, _SIBLINGS, _DOTS, _WORDY, RELATED),
    ],
)
def test_every_table_by_language_has_ids_alone(names: Collection[str]) -> None:
    assert names
    assert [name for name in names if by_client_name().get(name) != name] == []


def test_languages_share_suffixes_exactly_if_they_are_alike() -> None:
    assert {".js", ".tsx", ".mts", ".vue"} <= suffixes_like("typescriptreact")
    assert suffixes_like("c++") == suffixes_like("cpp")
    assert suffixes_like("foolang") == suffixes_like("text") == suffixes_like("") == frozenset()
    for one, other in combinations(sorted(set(BY_SUFFIX.values())), 2):
        shared = suffixes_like(one) & suffixes_like(other)
        assert bool(shared) == are_alike(one, other)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        *(
            ("a.py", "python"),
            ("A.HPP", "cpp"),
            ("Makefile", "makefile"),
            ("GNUmakefile", "makefile"),
        ),
        *(("a.xyz", "xyz"), ("a.org", "org"), ("a", "plaintext"), (".bashrc", "plaintext")),
        *(("CMakeLists.txt", "cmake"), ("notes.txt", "plaintext"), ("a.el", "emacs-lisp")),
        *(("COMMIT_EDITMSG", "git-commit"), ("go.mod", "go.mod"), ("甲.rs", "rust")),
    ],
)
def test_language_of_a_file(name: str, wanted: str) -> None:
    assert language_id(PurePath(name)) == wanted


@pytest.mark.parametrize(
    ("uri", "name", "wanted"),
    [
        ("file:///w/a.py", "", "python"),
        ("file:///w/a.py", "text", "plaintext"),
        ("file:///w/Makefile", "", "makefile"),
        ("untitled:Untitled-1", "", "plaintext"),
        ("file:///w/%E4%BD%A0.rs", " ", "rust"),
        ("file:///w/a.c", "foolang", "foolang"),
    ],
)
def test_language_of_a_document(uri: str, name: str, wanted: str) -> None:
    """A client that names no language leaves it to the file's name."""
    assert opened(uri, name) == wanted


@pytest.mark.parametrize("name", ["text", "gitcommit", "mail", "help", "rmd", "gfm", "Plain Text"])
def test_prose_is_read_as_prose_under_any_name(name: str) -> None:
    assert lexicon_for(name).is_prose


WITHOUT_COMMENTS = {"csv", "diff", "go.sum", "help", "log", "mail", "plaintext"}


def test_every_language_has_a_comment_mark_or_is_named_as_having_none() -> None:
    assert LANGUAGES.keys() - COMMENTS.keys() == WITHOUT_COMMENTS
    assert set(BY_LANGUAGE) <= set(LANGUAGES)


@pytest.mark.parametrize("name", sorted(set(BY_LANGUAGE) - WITHOUT_COMMENTS))
def test_a_header_is_a_comment_to_the_reader_of_its_language(name: str) -> None:
    """The lexicon is another table, and must know the mark of the table of languages."""
    embedded = [language for _, _, language in EMBEDDED.get(name, ())]
    lexicons = [lexicon_for(each) for each in (name, *embedded)]
    header = to_comment("(path/of.file", name)
    assert any(lexicon.is_prose or not scan(header, lexicon).end.stack for lexicon in lexicons)


@pytest.mark.parametrize("name", LANGUAGES)
def test_what_is_made_a_comment_is_read_as_one(name: str) -> None:
    if name not in WITHOUT_COMMENTS:
        assert text_of_comment(to_comment("a", name), name) == "a"


def test_groups_of_languages_are_disjoint() -> None:
    assert len(RELATED) == len(set(RELATED))


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("javascript", "typescriptreact", True),
        ("c", "cuda-cpp", True),
        ("python", "cython", True),
        ("java", "kotlin", False),
        ("lisp", "emacs-lisp", False),
        ("json", "yaml", False),
        ("text", "txt", False),
    ],
)
def test_which_texts_complete_each_other(one: str, other: str, wanted: bool) -> None:
    assert (completion_family(one) == completion_family(other)) is wanted


def test_text_without_a_language_completes_no_files() -> None:
    assert suffixes_of_family("plaintext") == frozenset()
    assert suffixes_of_family(".c") >= {".h", ".mm", ".cu"}
    assert suffixes_of_family("makefile") == {".mk"}
