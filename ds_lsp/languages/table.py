"""All languages: one row each, with its comment mark, its files and its names; and their groups."""

from typing import NamedTuple

UNNAMED = "plaintext"
"""Id of text in a language that its client does not know: notes, a license, any unknown file."""


class Language(NamedTuple):
    """A language: its row in the table."""

    id: str
    """The id in LSP, or in VS Code if LSP has none."""
    comment: str
    """The mark that begins a comment of one line; empty if the language has no comments."""
    comment_end: str
    """The mark that ends such a comment, if the end of the line does not; else empty."""
    documentation: str
    """The mark that begins each line of a documentation comment; ``/**`` stands for a block of
    lines. Empty for languages that have no functions or do not document them in comments."""
    suffixes: tuple[str, ...]
    """Suffixes of its files, in lower case and without the dot, the main one first."""
    file_names: tuple[str, ...]
    """Whole names of its files, in lower case."""
    is_named_by_suffix: bool
    """True if its main files are those with the first suffix."""
    names: tuple[str, ...]
    """Other names for it, in lower case, with "-" for blanks and underscores."""


# The cells of a row: the id; the comment mark, and after a blank its end; the mark of
# documentation; the files; the other names. A "_" in a mark is a blank, and without it the mark
# begins no comment. A row is continued on lines that are indented.
# Sources of the names: Neovim's and Vim's filetypes, which ALE sends too; Emacs's modes as Eglot
# sends them, without "-mode" and "-ts"; lsp-mode's lsp-language-id-configuration; Helix's
# languages.toml; Sublime's scopes; Kate's highlighting modes and servers; ids of JetBrains, Zed
# and Xcode. Suffixes are names as well.
_ROWS = r"""
ada | -- | | *.adb *.ads | gpr
agda | -- | | |
apex | // | | |
applescript | -- | | |
arduino | // | /** | *.ino |
asciidoc | // | | *.adoc *.asciidoc | adoc asciidoctor doc-mode
astro | <!-- --> | | *.astro |
awk | # | | *.awk | gawk
bat | rem_ | | *.bat *.cmd | batch batchfile dosbatch cmd windows-batch ms-dos-batch
bibtex | % | | *.bib | biblatex
bicep | // | | | bicep-params
blade | <!-- --> | | | html.blade
c | // | /** | *.c *.h | ansi-c89 c89 c99
clojure | ; | ;; | *.clj *.cljc *.cljs *.edn | clojurec clojurescript clojure-ts-clojurec
    clojure-ts-clojurescript clojuredart edn
cmake | # | # | CMakeLists.txt *.cmake | cmakecache cmakelists
cobol | *> | | |
coffeescript | # | # | *.coffee | coffee-script coffee
coq | (* *) | | |
cpp | // | /** | *.cpp *.c++ *.cc *.ccm *.cppm *.cxx *.h++ *.hh *.hpp *.hxx *.inl *.ipp *.ixx
    *.tpp | c++ cxx iso-c++ c-or-c++ cplusplus c-plus-plus
crystal | # | | *.cr |
csharp | // | /// | *.cs *.csx | c# c-sharp csharp-tree-sitter
csh | # | | *.csh | tcsh
css | /* */ | | *.css |
csv | | | *.csv | advanced-csv
cuda-cpp | // | /** | *.cu *.cuh | cuda cuda-c++
d | // | | *.d |
dart | // | /// | *.dart |
diff | | | *.diff *.patch | patch
django-html | <!-- --> | | | htmldjango django djangohtml
dockercompose | # | | | docker-compose yaml.docker-compose
dockerfile | # | # | Containerfile Dockerfile *.dockerfile | docker containerfile
dotenv | # | | *.env | env sh.env
editorconfig | # | | |
elixir | # | # | *.ex *.eex *.exs *.heex | heex
elm | -- | | *.elm |
emacs-lisp | ; | ;; | *.el | elisp lisp-interaction inferior-emacs-lisp emacslisp
erb | <!-- --> | | *.erb | eruby html.erb rails html-erb
erlang | % | % | *.erl *.hrl |
fennel | ; | | *.fnl |
fish | # | # | *.fish |
fortran | ! | !> | *.f90 *.f *.f03 *.f08 *.f77 *.f95 | f90 f77 fixedform-fortran modern-fortran
    fortran-modern fortranfreeform fortranfixedform fortran-(free-format) fortran-(fixed-format)
    fortran-free-form fortran-fixed-form
fsharp | // | /// | *.fs *.fsi *.fsx | f#
gdscript | # | | *.gd | gdscript3 godot-gdscript
gherkin | # | | *.feature | cucumber feature
git-commit | # | | COMMIT_EDITMSG MERGE_MSG | gitcommit git-commit-message commit-message
    hgcommit jjdescription gitsendemail log-edit vc-git-log-edit git-commit-elisp-text
git-rebase | # | | git-rebase-todo | gitrebase
github-actions-workflow | # | | | yaml.github github-action yaml.gha
glsl | // | | *.glsl *.frag *.vert | opengl-shading-language
go | // | // | *.go | golang
go.mod | // | | go.mod | gomod go-mod go-dot-mod
go.sum | | | go.sum | gosum go-sum
go.work | // | | go.work | gowork go-work go-dot-work
graphql | # | | *.gql *.graphql | gql
groovy | // | /** | *.groovy *.gradle | gradle
hack | // | | |
handlebars | <!-- --> | | *.hbs | html.handlebars hbs
haskell | -- | -- | *.hs |
haxe | // | | |
hcl | # | # | *.hcl |
helm | # | | | yaml.helm
help | | | | vimhelp vimdoc
hlsl | // | | *.hlsl |
html | <!-- --> | | *.html *.htm *.xhtml | html5 xhtml mhtml web sgml html-basic
hy | ; | | |
idris | -- | | | idris2
ignore | # | | | gitignore git-ignore dockerignore hgignore npmignore
ini | ; | | *.ini | dosini confini ini-files conf-windows systemd conf-unix conf-space
janet | # | | |
java | // | /** | *.java | jdee
javascript | // | /** | *.js *.cjs *.mjs | js js2 js3 js-base ecmascript ecmascript-6
    javascript-es6
javascriptreact | // | /** | *.jsx | javascript.jsx jsx rjsx javascript-react
    javascript-react-(jsx) javascript-jsx jsx-harmony js-jsx js2-jsx
jenkinsfile | // | | Jenkinsfile |
jinja | <!-- --> | | | jinja2 jinja-html htmljinja
json | // | | *.json | js-json
json5 | // | | *.json5 |
jsonc | // | | *.jsonc | json-with-comments json-tmlanguage json-sublime jsoncomments
jsonnet | // | | *.jsonnet |
julia | # | # | *.jl | ess-julia
just | # | | justfile | justfile
kotlin | // | /** | *.kt *.kts | kotlinscript
latex | % | % | *.tex *.ltx *.sty | tex plaintex plain-tex context doctex
less | // | | *.less | less-css lesscss
lisp | ; | ;; | *.lisp | common-lisp commonlisp lisp-data sly slime
literate-haskell | -- | | *.lhs | lhaskell haskell-literate literatehaskell
log | | | *.log | messages
lua | -- | --- | *.lua |
luau | -- | | *.luau |
mail | | | *.eml | message mu4e-compose notmuch-message email eml rfc822
makefile | # | # | GNUmakefile Makefile *.mk | make makefile-gmake makefile-bsdmake
    makefile-automake makefile-makepp makefile-imake gnumakefile automake gmake
man | .\" | | | manpage
markdown | <!-- --> | | *.md *.markdown | gfm pandoc commonmark markdown-view github-markdown
    livebook markdown-rustdoc markdown.inline
matlab | % | | |
mdx | {/* */} | | *.mdx |
mediawiki | <!-- --> | | | wikitext
meson | # | | |
mojo | # | | |
mysql | --_ | | |
nim | # | # | *.nim *.nims | nimscript
nix | # | # | *.nix |
nushell | # | | *.nu | nu
objective-c | // | /** | *.m | objc objectivec objective-c-objc obj-c
objective-cpp | // | /** | *.mm | objcpp objc++ objective-c++ objectivecpp objectivec++ obj-c++
ocaml | (* *) | | *.ml *.mli | caml tuareg neocaml neocaml-interface ocaml-interface
    ocamlinterface ocaml.interface objective-caml ocaml.ocamllex ocaml.menhir
octave | % | | |
odin | // | | |
org | #_ | | *.org | org-journal
pascal | // | | *.pas *.dpr | delphi objectpascal object-pascal opascal objpas free-pascal
perl | # | # | *.pl *.pm | cperl perl5
php | // | /** | *.php *.phtml | phps php-only
plsql | -- | | | pl/sql
postgres | -- | | | postgresql pgsql plpgsql psql
powershell | # | # | *.ps1 *.psd1 *.psm1 | ps1 pwsh powershell-core
prisma | // | | *.prisma |
prolog | % | | | swi-prolog
properties | # | | *.properties | jproperties java-properties conf-javaprop javaprop
proto | // | // | *.proto | protobuf proto3 protocol-buffers protocol-buffer
pug | // | | *.pug | jade
purescript | -- | | *.purs |
python | # | # | *.py *.pyi *.pyw | python3 python2 python-base inferior-python
cython | # | | *.pyx *.pxd | pyrex
qml | // | | *.qml |
quarto | <!-- --> | | *.qmd | qmd
r | # | # | *.r | r-script rscript ess-r rlang
racket | ; | | *.rkt |
raku | # | | *.raku | perl6
razor | <!-- --> | | *.razor *.cshtml | cshtml aspnetcorerazor
reason | // | | | reasonml
restructuredtext | .._ | | *.rst | rst
rmd | <!-- --> | | *.rmd | rmarkdown r-markdown
ruby | # | # | *.rb *.rake Gemfile Rakefile | enh-ruby
rust | // | /// | *.rs | rustic
sass | // | | *.sass | ssass
scala | // | /** | *.scala *.sbt |
scheme | ; | ;; | *.scm | guile chicken
scss | // | | *.scss |
shellscript | # | # | *.sh *.bash *.bats *.ksh *.zsh | sh bash zsh ksh sh-base shell
    shell-script shell-script-(bash) shell-unix-generic bourne-shell dash pkgbuild ebuild
    envrc-file bats posix-shell bash-(shell)
smarty | {* *} | | |
solidity | // | | *.sol |
sql | -- | -- | *.sql | tsql t-sql transact-sql ms-sql sqlite
standard-ml | (* *) | | *.sml | sml
starlark | # | | *.bzl *.star | bzl bazel tiltfile bazel-build
stylus | // | | *.styl |
svelte | // | /** | *.svelte | svelte-html
svg | <!-- --> | | *.svg |
swift | // | /// | *.swift |
systemverilog | // | | *.sv *.svh |
tcl | # | | *.tcl |
terraform | # | # | *.tf *.tfvars | terraform-vars tfvars hcl-terraform opentofu
textile | ###._ | | *.textile |
thrift | // | | *.thrift |
toml | # | # | *.toml | conf-toml
twig | <!-- --> | | *.twig | html.twig html-twig
typescript | // | /** | *.ts *.cts *.mts | ts typescript-base
typescriptreact | // | /** | *.tsx | typescript.tsx tsx typescript-react typescript-react-(tsx)
    typescript-jsx
typst | // | | *.typ |
v | // | | | vlang
vala | // | | *.vala |
vb | ' | ' | *.vb | vbnet vb.net visual-basic visualbasic visual-basic-.net vbscript
verilog | // | | |
vhdl | -- | | *.vhdl *.vhd |
vim | " | | *.vim | viml vimrc vimscript vim-script
vimwiki | %% | | |
vue | // | /** | *.vue | vue-js vuejs html-vue
vue-html | <!-- --> | | |
xml | <!-- --> | | *.xml | nxml plist docbk xsd
xsl | <!-- --> | | *.xsl *.xslt | xslt
yaml | # | # | *.yml *.yaml | yaml-tmlanguage ansible yaml.ansible eyaml
zig | // | /// | *.zig |
plaintext | | | *.txt *.text | text plain-text plain txt fundamental normal none unknown
    undefined null default generic unspecified no-language prog special
"""


def _parse_rows(text: str) -> dict[str, Language]:
    """Return the languages in *text* by id."""
    rows = text.strip().replace("\n    ", " ").splitlines()
    return {row.partition(" ")[0]: _parse_row(row) for row in rows}


def _parse_row(row: str) -> Language:
    cells = [cell.strip() for cell in row.split("|")]
    comment, _, end = cells[1].partition(" ")
    files = cells[3].split()
    return Language(
        id=cells[0],
        comment=comment.replace("_", " "),
        comment_end=end,
        documentation=cells[2].replace("_", " "),
        suffixes=tuple(file[2:] for file in files if file.startswith("*.")),
        file_names=tuple(file.lower() for file in files if not file.startswith("*.")),
        is_named_by_suffix=bool(files) and files[0].startswith("*."),
        names=tuple(cells[4].split()),
    )


LANGUAGES = _parse_rows(_ROWS)
"""All languages by id."""

PROSE = frozenset(
    {
        *("asciidoc", "bibtex", "git-commit", "help", "latex", "mail", "man", "markdown", "mdx"),
        *("mediawiki", "org", "plaintext", "quarto", "restructuredtext", "rmd", "textile"),
        "vimwiki",
    }
)
"""Ids of the languages of text for people."""


class Relatives(NamedTuple):
    """Languages that belong together; the first one stands for all of them."""

    languages: tuple[str, ...]
    are_alike: bool = True
    """True if they import each other's files, or extend one another."""
    have_like_text: bool = True
    """True if they are written so much alike that text in one of them completes another."""


RELATIVES = (
    Relatives(("typescript", "typescriptreact", "javascript", "javascriptreact", "vue", "svelte")),
    Relatives(("c", "cpp", "objective-c", "objective-cpp", "cuda-cpp", "arduino")),
    Relatives(("css", "scss", "less", "sass")),
    Relatives(("java", "kotlin", "scala", "groovy"), have_like_text=False),
    Relatives(("python", "cython"), are_alike=False),
    Relatives(("lisp", "emacs-lisp"), have_like_text=False),
    Relatives(("haskell", "literate-haskell")),
    Relatives(("markdown", "quarto", "rmd")),
    Relatives(("json", "jsonc")),
    Relatives(("terraform", "hcl")),
)
"""Groups of languages that belong together. A language is in one group at most."""
