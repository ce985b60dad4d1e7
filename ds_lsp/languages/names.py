"""Languages by name: one table of the names in clients and files, and one equality.

All other modules use the id that LSP gives a language. A client's own name is converted to that id
when a document is opened (`choose_language`) and when a setting is read; an unknown name stays as
it is.
"""

from functools import cache, lru_cache
from pathlib import PurePath

UNNAMED = "plaintext"
"""Id of text in a language that its client does not know: notes, a license, any unknown file."""

# The id in LSP (or in VS Code, if LSP has none), and after the colon the other names for it.
# Sources: Neovim's and Vim's filetypes, which ALE sends too; Emacs's modes as Eglot sends them,
# without "-mode" and "-ts"; lsp-mode's lsp-language-id-configuration; Helix's languages.toml;
# Sublime's scopes; Kate's highlighting modes and servers; ids of JetBrains, Zed and Xcode.
# Names are in lower case here, with "-" for blanks and underscores. Suffixes are names as well.
_NAMES = """
ada: gpr
agda:
apex:
applescript:
arduino:
asciidoc: adoc asciidoctor doc-mode
astro:
awk: gawk
bat: batch batchfile dosbatch cmd windows-batch ms-dos-batch
bibtex: biblatex
bicep: bicep-params
blade: html.blade
c: ansi-c89 c89 c99
clojure: clojurec clojurescript clojure-ts-clojurec clojure-ts-clojurescript clojuredart edn
cmake: cmakecache cmakelists
cobol:
coffeescript: coffee-script coffee
coq:
cpp: c++ cxx iso-c++ c-or-c++ cplusplus c-plus-plus
crystal:
csharp: c# c-sharp csharp-tree-sitter
csh: tcsh
css:
csv: advanced-csv
cuda-cpp: cuda cuda-c++
d:
dart:
diff: patch
django-html: htmldjango django djangohtml
dockercompose: docker-compose yaml.docker-compose
dockerfile: docker containerfile
dotenv: env sh.env
editorconfig:
elixir: heex
elm:
emacs-lisp: elisp lisp-interaction inferior-emacs-lisp emacslisp
erb: eruby html.erb rails html-erb
erlang:
fennel:
fish:
fortran: f90 f77 fixedform-fortran modern-fortran fortran-modern fortranfreeform fortranfixedform
         fortran-(free-format) fortran-(fixed-format) fortran-free-form fortran-fixed-form
fsharp: f#
gdscript: gdscript3 godot-gdscript
gherkin: cucumber feature
git-commit: gitcommit git-commit-message commit-message hgcommit jjdescription gitsendemail
            log-edit vc-git-log-edit git-commit-elisp-text
git-rebase: gitrebase
github-actions-workflow: yaml.github github-action yaml.gha
glsl: opengl-shading-language
go: golang
go.mod: gomod go-mod go-dot-mod
go.sum: gosum go-sum
go.work: gowork go-work go-dot-work
graphql: gql
groovy: gradle
hack:
handlebars: html.handlebars hbs
haskell:
haxe:
hcl:
helm: yaml.helm
help: vimhelp vimdoc
hlsl:
html: html5 xhtml mhtml web sgml html-basic
hy:
idris: idris2
ignore: gitignore git-ignore dockerignore hgignore npmignore
ini: dosini confini ini-files conf-windows systemd conf-unix conf-space
janet:
java: jdee
javascript: js js2 js3 js-base ecmascript ecmascript-6 javascript-es6
javascriptreact: javascript.jsx jsx rjsx javascript-react javascript-react-(jsx) javascript-jsx
                 jsx-harmony js-jsx js2-jsx
jenkinsfile:
jinja: jinja2 jinja-html htmljinja
json: js-json
json5:
jsonc: json-with-comments json-tmlanguage json-sublime jsoncomments
jsonnet:
julia: ess-julia
just: justfile
kotlin: kotlinscript
latex: tex plaintex plain-tex context doctex
less: less-css lesscss
lisp: common-lisp commonlisp lisp-data sly slime
literate-haskell: lhaskell haskell-literate literatehaskell
log: messages
lua:
luau:
mail: message mu4e-compose notmuch-message email eml rfc822
makefile: make makefile-gmake makefile-bsdmake makefile-automake makefile-makepp makefile-imake
          gnumakefile automake gmake
man: manpage
markdown: gfm pandoc commonmark markdown-view github-markdown livebook markdown-rustdoc
          markdown.inline
matlab:
mdx:
mediawiki: wikitext
meson:
mojo:
mysql:
nim: nimscript
nix:
nushell: nu
objective-c: objc objectivec objective-c-objc obj-c
objective-cpp: objcpp objc++ objective-c++ objectivecpp objectivec++ obj-c++
ocaml: caml tuareg neocaml neocaml-interface ocaml-interface ocamlinterface ocaml.interface
       objective-caml ocaml.ocamllex ocaml.menhir
octave:
odin:
org: org-journal
pascal: delphi objectpascal object-pascal opascal objpas free-pascal
perl: cperl perl5
php: phps php-only
plsql: pl/sql
postgres: postgresql pgsql plpgsql psql
powershell: ps1 pwsh powershell-core
prisma:
prolog: swi-prolog
properties: jproperties java-properties conf-javaprop javaprop
proto: protobuf proto3 protocol-buffers protocol-buffer
pug: jade
purescript:
python: python3 python2 python-base inferior-python
cython: pyrex
qml:
quarto: qmd
r: r-script rscript ess-r rlang
racket:
raku: perl6
razor: cshtml aspnetcorerazor
reason: reasonml
restructuredtext: rst
rmd: rmarkdown r-markdown
ruby: enh-ruby
rust: rustic
sass: ssass
scala:
scheme: guile chicken
scss:
shellscript: sh bash zsh ksh sh-base shell shell-script shell-script-(bash) shell-unix-generic
             bourne-shell dash pkgbuild ebuild envrc-file bats posix-shell bash-(shell)
smarty:
solidity:
sql: tsql t-sql transact-sql ms-sql sqlite
standard-ml: sml
starlark: bzl bazel tiltfile bazel-build
stylus:
svelte: svelte-html
svg:
swift:
systemverilog:
tcl:
terraform: terraform-vars tfvars hcl-terraform opentofu
textile:
thrift:
toml: conf-toml
twig: html.twig html-twig
typescript: ts typescript-base
typescriptreact: typescript.tsx tsx typescript-react typescript-react-(tsx) typescript-jsx
typst:
v: vlang
vala:
vb: vbnet vb.net visual-basic visualbasic visual-basic-.net vbscript
verilog:
vhdl:
vim: viml vimrc vimscript vim-script
vimwiki:
vue: vue-js vuejs html-vue
vue-html:
xml: nxml plist docbk xsd
xsl: xslt
yaml: yaml-tmlanguage ansible yaml.ansible eyaml
zig:
plaintext: text plain-text plain txt fundamental normal none unknown undefined null default generic
           unspecified no-language prog special
"""

_SUFFIXES = """
adb ada, adoc asciidoc, ads ada, asciidoc asciidoc, astro astro, awk awk, bash shellscript, bat bat,
bats shellscript, bib bibtex, bzl starlark, c c, c++ cpp, cc cpp, ccm cpp, cjs javascript,
clj clojure, cljc clojure, cljs clojure, cmake cmake, cmd bat, coffee coffeescript,
cpp cpp, cppm cpp, cr crystal, cs csharp, csh csh, cshtml razor, css css, csv csv, csx csharp,
cts typescript, cu cuda-cpp, cuh cuda-cpp, cxx cpp, d d, dart dart, diff diff,
dockerfile dockerfile, dpr pascal, edn clojure, eex elixir, el emacs-lisp, elm elm, eml mail,
env dotenv, erb erb, erl erlang, ex elixir, exs elixir, f fortran, f03 fortran, f08 fortran,
f77 fortran, f90 fortran, f95 fortran, feature gherkin, fish fish, fnl fennel, frag glsl, fs fsharp,
fsi fsharp, fsx fsharp, gd gdscript, glsl glsl, go go, gql graphql, gradle groovy, graphql graphql,
groovy groovy, h c, h++ cpp, hbs handlebars, hcl hcl, heex elixir, hh cpp, hlsl hlsl, hpp cpp,
hrl erlang, hs haskell, htm html, html html, hxx cpp, ini ini, inl cpp, ino arduino, ipp cpp,
ixx cpp, java java, jl julia, js javascript, json json, json5 json5, jsonc jsonc,
jsonnet jsonnet, jsx javascriptreact, ksh shellscript, kt kotlin, kts kotlin, less less,
lhs literate-haskell, lisp lisp, log log, ltx latex, lua lua, luau luau, m objective-c,
markdown markdown, md markdown, mdx mdx, mjs javascript, mk makefile, ml ocaml, mli ocaml,
mm objective-cpp, mts typescript, nim nim, nims nim, nix nix, nu nushell, org org, pas pascal,
patch diff, php php, phtml php, pl perl, pm perl, prisma prisma, properties properties, proto proto,
ps1 powershell, psd1 powershell, psm1 powershell, pug pug, purs purescript, py python, pyi python,
pyw python, pyx cython, qmd quarto, qml qml, r r, rake ruby, raku raku, razor razor, rb ruby,
rkt racket, rmd rmd, rs rust, rst restructuredtext, sass sass, sbt scala,
scala scala, scm scheme, scss scss, sh shellscript, sml standard-ml, sol solidity, sql sql,
star starlark, sty latex, styl stylus, sv systemverilog, svelte svelte, svg svg, svh systemverilog,
swift swift, tcl tcl, tex latex, text plaintext, textile textile, tf terraform, tfvars terraform,
thrift thrift, toml toml, tpp cpp, ts typescript, tsx typescriptreact, twig twig, txt plaintext,
typ typst, vala vala, vb vb, vert glsl, vhd vhdl, vhdl vhdl, vim vim, vue vue, xhtml html, xml xml,
xsl xsl, xslt xsl, yaml yaml, yml yaml, zig zig, zsh shellscript
"""

BY_SUFFIX = dict(pair.split() for pair in _SUFFIXES.split(","))
"""Language ids by suffix, in lower case and without its dot."""

BY_NAME = {
    "cmakelists.txt": "cmake",
    "commit_editmsg": "git-commit",
    "containerfile": "dockerfile",
    "dockerfile": "dockerfile",
    "gemfile": "ruby",
    "git-rebase-todo": "git-rebase",
    "gnumakefile": "makefile",
    "go.mod": "go.mod",
    "go.sum": "go.sum",
    "go.work": "go.work",
    "jenkinsfile": "jenkinsfile",
    "justfile": "just",
    "makefile": "makefile",
    "merge_msg": "git-commit",
    "rakefile": "ruby",
}
"""Language ids by the whole name of a file, in lower case."""

LINE_COMMENT = {
    **dict.fromkeys(
        (
            *("arduino", "c", "cpp", "csharp", "cuda-cpp", "d", "dart", "fsharp", "glsl", "go"),
            *("go.mod", "go.work", "groovy", "haxe", "hlsl", "java", "javascript"),
            *("javascriptreact", "jenkinsfile", "json", "json5", "jsonc", "jsonnet", "kotlin"),
            *("less", "objective-c", "objective-cpp", "odin", "pascal", "php", "prisma", "proto"),
            *("qml", "reason", "rust", "sass", "scala", "scss", "solidity", "stylus", "svelte"),
            *("swift", "systemverilog", "thrift", "typescript", "typescriptreact", "typst", "v"),
            *("vala", "verilog", "vue", "zig"),
        ),
        "//",
    ),
    **dict.fromkeys(
        ("ada", "elm", "haskell", "lua", "luau", "mysql", "plsql", "postgres", "purescript"), "--"
    ),
    **dict.fromkeys(("sql", "vhdl", "idris"), "--"),
    **dict.fromkeys(
        ("clojure", "emacs-lisp", "fennel", "ini", "lisp", "racket", "scheme"),
        ";",
    ),
    **dict.fromkeys(("bibtex", "erlang", "latex", "matlab", "prolog"), "%"),
    **dict.fromkeys(
        ("html", "markdown", "mdx", "quarto", "rmd", "svg", "vue-html", "xml", "xsl"), "<!-- -->"
    ),
    "css": "/* */",
    "bat": "rem ",
    "fortran": "!",
    **dict.fromkeys(("coq", "ocaml", "standard-ml"), "(* *)"),
    "vb": "'",
    "vim": '"',
}
"""Comment marks by language id: the start of a comment on one line and, after a space, its end if
it needs one. In all other languages the mark is ``#``."""

PROSE = frozenset(
    {
        *("asciidoc", "bibtex", "git-commit", "help", "latex", "mail", "man", "markdown", "mdx"),
        *("mediawiki", "org", "plaintext", "quarto", "restructuredtext", "rmd", "textile"),
        "vimwiki",
    }
)
"""Ids of the languages of text for people."""

_ALIKE = (
    ("javascript", "javascriptreact", "typescript", "typescriptreact", "vue", "svelte"),
    ("c", "cpp", "objective-c", "objective-cpp", "cuda-cpp", "arduino"),
    ("css", "scss", "less", "sass"),
    ("java", "kotlin", "scala", "groovy"),
    ("lisp", "emacs-lisp"),
    ("haskell", "literate-haskell"),
    ("markdown", "quarto", "rmd"),
    ("json", "jsonc"),
    ("terraform", "hcl"),
)
"""Groups of languages that import each other's files, or extend one another."""
_FAMILY = {language: family for family in _ALIKE for language in family}


# Built at the first look-up, because the server answers its first message without it.
@cache
def by_client_name() -> dict[str, str]:
    """Return the language ids by name, in lower case and with "-" for blanks."""
    known: dict[str, str] = {}
    language = ""
    for word in _NAMES.split():
        if word.endswith(":"):
            language = word[:-1]
            known[language] = language
        else:
            known[word] = language
    return known


@lru_cache(maxsize=256)
def to_id(name: str) -> str:
    """Return the id of the language that a client, a user or a suffix calls *name*.

    An unknown name is returned as it is.
    """
    spelled = "-".join(name.lower().replace("_", " ").split())
    # There are three names to try in this order: the name itself; without the suffix of an Emacs
    # mode; the first of several in Vim, as in "yaml.ansible".
    mode = spelled.removesuffix("-mode").removesuffix("-ts")
    for each in (spelled, mode, mode.partition(".")[0]):
        found = by_client_name().get(each) or BY_SUFFIX.get(each)
        # The first part of a scope such as "text.html" says nothing.
        if found and not (found == UNNAMED and "." in spelled):
            return found
    return name.strip()


def language_id(path: PurePath) -> str:
    """Return the language id of a file by its name; an unknown suffix is returned itself."""
    suffix = path.suffix[1:].lower()
    return BY_NAME.get(path.name.lower()) or BY_SUFFIX.get(suffix) or to_id(suffix) or UNNAMED


def choose_language(named: str, path: PurePath) -> str:
    """Return the language id of a document: the one that the client or user named.

    If they named none, the document's file decides. *path* may be a URI's.
    """
    return to_id(named) or language_id(path)


def is_same(one: str, other: str) -> bool:
    """Return whether two names mean one language. An empty name means none."""
    return to_id(one) == to_id(other) != ""


def are_alike(one: str, other: str) -> bool:
    """Return whether documents in these languages may be sent to a model together.

    They may if both are in one language, or in two of one group. Text without a language may be
    sent with no other text, not even of its kind: a draft of a letter must not take a list of
    passwords along.
    """
    one, other = to_id(one), to_id(other)
    if UNNAMED in (one, other) or not (one and other):
        return False
    return one == other or other in _FAMILY.get(one, ())


def suffixes_like(language: str) -> frozenset[str]:
    """Return the suffixes, with their dots, of files that may be imported in this language."""
    return frozenset(
        f".{suffix}" for suffix, each in BY_SUFFIX.items() if are_alike(each, language)
    )
