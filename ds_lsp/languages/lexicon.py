"""Strings, comments and blocks of languages: families as data, and the languages in each."""

from dataclasses import dataclass, replace

from ds_lsp.languages.names import to_id
from ds_lsp.languages.table import PROSE

# Every pattern below begins with a character that is no letter, digit or white space, because the
# reader skips those.


@dataclass(frozen=True, slots=True)
class Quote:
    """A kind of text that is not code: a string, or a comment with a closing text."""

    opening: str
    """Pattern of its start."""
    closing: str
    """Text that ends it, in which ``\\g<name>`` is replaced by a group of the opening."""
    spans_lines: bool = False
    """True if it may continue on the next line."""
    escape: str = r"\\(?:.|\n)"
    """Pattern of text that does not close it although the closing is in it; empty for none."""
    hole: str = ""
    """Pattern of the start of code inside the string; its last character is the bracket."""


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """The strings and comments of a language, in which brackets do not count, and its blocks."""

    line_comments: tuple[str, ...] = ()
    """Patterns of the start of a comment that ends with its line."""
    block_comments: tuple[Quote, ...] = ()
    """Comments that have a closing text."""
    quotes: tuple[Quote, ...] = ()
    """Kinds of strings."""
    skipped: tuple[str, ...] = ()
    """Patterns of text that would be mistaken for a string, a comment or a bracket."""
    label: str = ""
    """Pattern of the label of a case: its line, up to a bracket that has no opener."""
    has_regexes: bool = False
    """True if ``/.../`` is a regular expression where a value is expected."""
    is_indented: bool = False
    """True if blocks end by indentation alone."""
    is_prose: bool = False
    """True for text for people: it has no strings, and brackets need not pair."""
    has_tags: bool = False
    """True for languages of tags: ``<`` and ``>`` pair, and strings are only between them."""
    has_keys: bool = False
    """True if lines are ``key: value`` or ``key = value``, and a key is set once in its block."""
    opening_words: frozenset[str] = frozenset()
    """Words at the start of a line that open a block, up to a closing word."""
    hanging_words: frozenset[str] = frozenset()
    """Words and signs at the end of a line that open a block."""
    continuations: frozenset[str] = frozenset()
    """Words at the start of a line that continues the statement above it."""
    ending_words: frozenset[str] = frozenset()
    """Keywords that end control flow: return, raise, break."""
    closing_words: frozenset[str] = frozenset()
    """Words that close a block."""
    tabbed_below: str = ""
    """Pattern of a line below which the language demands a tab at the start of each line."""
    forbids_tabs: bool = False
    """True if the language refuses a line that is indented with a tab."""


def _words(text: str) -> frozenset[str]:
    """Return the words of *text*, which are separated by white space."""
    return frozenset(text.split())


def _comment(opening: str, closing: str) -> Quote:
    """Return a block comment, which spans lines and has no escape."""
    return Quote(opening, closing, spans_lines=True, escape="")


_DOUBLE = Quote('"', '"')
_SINGLE = Quote("'", "'")
_TRIPLE = Quote('"""', '"""', spans_lines=True)
_TRIPLE_SINGLE = Quote("'''", "'''", spans_lines=True)
_BACKTICK = Quote("`", "`", spans_lines=True, escape="")
_DOLLAR_HOLE = replace(_DOUBLE, hole=r"\$\{")
_TRIPLE_DOLLAR_HOLE = replace(_TRIPLE, hole=r"\$\{")
_C_BLOCK = _comment(r"/\*", "*/")
# A lone apostrophe is a lifetime, a prime, a transposition or a digit separator. A character has a
# closing apostrophe.
_CHARACTER = r"'(?:\\[^\n']{1,10}|\\'|[^'\\\n])'"
_HEREDOC = Quote(
    r"<<[-~]?(?P<mark>['\"`]?)(?P<tag>[A-Z_][A-Z0-9_]*)(?P=mark)(?=[^\n]*\n)",
    r"\g<tag>",
    spans_lines=True,
    escape="",
)
_BRANCHES = _words("else elif elsif elseif except finally catch rescue ensure")
_ARROWS = _words("=> ->")

_C_LIKE = Lexicon(
    ending_words=_words("return throw break continue goto"),
    line_comments=("//",),
    block_comments=(_C_BLOCK,),
    quotes=(_TRIPLE, _DOUBLE),
    skipped=(_CHARACTER,),
    hanging_words=_ARROWS,
    continuations=_words("else catch finally"),
)
_C = replace(
    _C_LIKE,
    quotes=(
        Quote(r'(?<=R)"(?P<tag>[^\s()"\\]{0,16})\(', r')\g<tag>"', spans_lines=True, escape=""),
        _DOUBLE,
    ),
)
_CSHARP = replace(
    _C_LIKE,
    quotes=(
        _TRIPLE,
        Quote(r'\$?@\$?"', '"', spans_lines=True, escape='""'),
        Quote(r'\$"', '"', escape=r"\\.|\{\{|\}\}", hole=r"\{"),
        _DOUBLE,
    ),
)
_GO = replace(_C_LIKE, quotes=(_DOUBLE, _BACKTICK))
_RUST = replace(
    _C_LIKE,
    quotes=(
        Quote(r'(?<=r)(?P<tag>#*)"', r'"\g<tag>', spans_lines=True, escape=""),
        replace(_DOUBLE, spans_lines=True),
    ),
    hanging_words=_ARROWS | _words("else where"),
)
_KOTLIN = replace(_C_LIKE, quotes=(replace(_TRIPLE_DOLLAR_HOLE, escape=""), _DOLLAR_HOLE))
_SCALA = replace(
    _C_LIKE,
    quotes=(replace(_TRIPLE_DOLLAR_HOLE, escape=""), _DOLLAR_HOLE),
    hanging_words=_ARROWS | _words("= then do yield else match"),
    continuations=_words("else catch finally"),
    closing_words=_words("end"),
)
_DART = replace(
    _C_LIKE,
    quotes=(
        _TRIPLE_DOLLAR_HOLE,
        replace(_TRIPLE_SINGLE, hole=r"\$\{"),
        _DOLLAR_HOLE,
        replace(_SINGLE, hole=r"\$\{"),
    ),
    skipped=(),
)
_SWIFT = replace(
    _C_LIKE,
    # The reader looks for the hole first, because its backslash is no escape.
    quotes=(
        replace(_TRIPLE, hole=r"\\\("),
        replace(_DOUBLE, hole=r"\\\("),
    ),
    skipped=(),
)
_ZIG = replace(_C_LIKE, skipped=(_CHARACTER, r"\\\\[^\n]*"), quotes=(_DOUBLE,))
_PHP = replace(
    _C_LIKE,
    line_comments=("//", r"#(?!\[)"),
    quotes=(
        Quote(
            r"<<<\s?(?P<mark>['\"]?)(?P<tag>[A-Z_][A-Z0-9_]*)(?P=mark)(?=\n)",
            r"\g<tag>",
            spans_lines=True,
            escape="",
        ),
        replace(_DOUBLE, spans_lines=True, hole=r"\{(?=\$)"),
        replace(_SINGLE, spans_lines=True),
    ),
    skipped=(),
    continuations=_words("else elseif catch finally endif endforeach endwhile endfor"),
)
_SCRIPT = replace(
    _C_LIKE,
    quotes=(_DOUBLE, _SINGLE, Quote("`", "`", spans_lines=True, hole=r"\$\{")),
    skipped=(),
    has_regexes=True,
)
_GROOVY = replace(_C_LIKE, quotes=(_TRIPLE, _TRIPLE_SINGLE, _DOLLAR_HOLE, _SINGLE), skipped=())
_FORMATTED = r"(?:(?<=[fFtT])|(?<=[fFtT][rR]))"
_IN_FORMATTED = r"\\(?:.|\n)|\{\{|\}\}"
_PYTHON = Lexicon(
    ending_words=_words("return raise break continue"),
    line_comments=("#",),
    quotes=(
        *(
            Quote(_FORMATTED + quote, quote, lines, _IN_FORMATTED, r"\{")
            for quote, lines in (('"""', True), ("'''", True), ('"', False), ("'", False))
        ),
        *(_TRIPLE, _TRIPLE_SINGLE, _DOUBLE, _SINGLE),
    ),
    is_indented=True,
    continuations=_words("else elif except finally"),
)
_NIM = replace(
    _PYTHON,
    block_comments=(_comment(r"#\[", "]#"),),
    quotes=(replace(_TRIPLE, escape=""), _DOUBLE),
    skipped=(_CHARACTER,),
    hanging_words=_words("= :"),
    continuations=_words("else elif except finally of"),
    forbids_tabs=True,
)
_COFFEE = replace(
    _PYTHON,
    # Code after ``return x if y`` can be reached.
    ending_words=frozenset(),
    block_comments=(_comment("###", "###"),),
    quotes=(_TRIPLE, _TRIPLE_SINGLE, replace(_DOUBLE, hole=r"#\{"), _SINGLE),
    hanging_words=_ARROWS | _words("= else then"),
    continuations=_words("else catch finally when"),
)
_RUBY = Lexicon(
    line_comments=(r"#(?!\{)",),
    block_comments=(_comment(r"(?<=\n)=begin\b", "=end"),),
    quotes=(_HEREDOC, replace(_DOUBLE, hole=r"#\{"), _SINGLE, Quote("`", "`", hole=r"#\{")),
    has_regexes=True,
    opening_words=_words("def class module if unless while until for case begin"),
    hanging_words=_words("do then = else"),
    continuations=_words("else elsif when in rescue ensure"),
    closing_words=_words("end"),
)
_ELIXIR = replace(
    _RUBY,
    block_comments=(),
    quotes=(
        replace(_TRIPLE, hole=r"#\{"),
        _TRIPLE_SINGLE,
        Quote(r"~[a-zA-Z]\(", ")"),
        replace(_DOUBLE, hole=r"#\{"),
        _SINGLE,
    ),
    has_regexes=False,
    skipped=(r"\?\\?\S",),
    opening_words=frozenset(),
    hanging_words=_words("do -> else fn"),
    continuations=_words("else rescue catch after"),
)
_LUA = Lexicon(
    line_comments=("--",),
    block_comments=(Quote(r"--\[(?P<dashes>=*)\[", r"]\g<dashes>]", spans_lines=True, escape=""),),
    quotes=(
        Quote(r"\[(?P<level>=*)\[", r"]\g<level>]", spans_lines=True, escape=""),
        *(_DOUBLE, _SINGLE),
    ),
    opening_words=_words("function local\tfunction if for while repeat"),
    hanging_words=_words("do then else repeat"),
    continuations=_words("else elseif until"),
    closing_words=_words("end until"),
)
_JULIA = Lexicon(
    line_comments=("#",),
    block_comments=(_comment("#=", "=#"),),
    quotes=(replace(_TRIPLE, hole=r"\$\("), replace(_DOUBLE, spans_lines=True, hole=r"\$\(")),
    skipped=(_CHARACTER,),
    opening_words=_words(
        "function if for while begin let try module struct mutable macro quote do"
    ),
    hanging_words=_words("= do begin else ->"),
    continuations=_words("else elseif catch finally"),
    closing_words=_words("end"),
)
_R = Lexicon(
    line_comments=("#",),
    quotes=(replace(_DOUBLE, spans_lines=True), replace(_SINGLE, spans_lines=True)),
    continuations=_words("else"),
)
_PERL = Lexicon(
    line_comments=(r"(?<![$\\])#",),
    block_comments=(_comment(r"(?<=\n)=[a-z]\w*", "=cut"),),
    quotes=(
        _HEREDOC,
        Quote(r"(?<=qw)\(", ")"),
        replace(_DOUBLE, spans_lines=True),
        replace(_SINGLE, spans_lines=True),
    ),
    skipped=(r"\$[#&)(\]\[](?=\W)",),
    has_regexes=True,
    continuations=_words("else elsif"),
)
_SHELL = Lexicon(
    # A comment begins at the start of a word: not in ``${#x}``, ``$#`` and ``x#y``.
    line_comments=(r"(?<![^\s;&|()])#",),
    quotes=(
        _HEREDOC,
        replace(_DOUBLE, spans_lines=True, hole=r"\$[({]"),
        Quote("'", "'", spans_lines=True, escape=""),
    ),
    skipped=(r"\\.",),
    label=r"[ \t]*+[^\s()'#$=&;<>|]++(?: ?\| ?[^\s()'#$=&;<>|]++)*+\)",
    opening_words=_words("if for while until case select"),
    hanging_words=_words("then do else in"),
    continuations=_words("else elif then do"),
    closing_words=_words("fi done esac ;;"),
)
_POWERSHELL = Lexicon(
    line_comments=("#",),
    block_comments=(_comment("<#", "#>"),),
    quotes=(
        Quote(r'@"(?=\n)', '\n"@', spans_lines=True, escape=""),
        Quote(r"@'(?=\n)", "\n'@", spans_lines=True, escape=""),
        Quote('"', '"', spans_lines=True, escape=r"`.|\"\"", hole=r"\$\("),
        Quote("'", "'", spans_lines=True, escape="''"),
    ),
    continuations=_words("else elseif catch finally"),
)
_HASH = Lexicon(line_comments=("#",), quotes=(_DOUBLE, _SINGLE), continuations=_BRANCHES)
_CMAKE = replace(
    _HASH,
    block_comments=(_comment(r"#\[\[", "]]"),),
    quotes=(replace(_DOUBLE, spans_lines=True),),
    opening_words=_words("if foreach while function macro"),
    continuations=_words("else elseif"),
    closing_words=_words("endif endforeach endwhile endfunction endmacro"),
)
_MAKE = Lexicon(
    line_comments=("#",),
    skipped=(r"\\.", r"\$\$."),
    opening_words=_words("ifeq ifneq ifdef ifndef define"),
    continuations=_words("else"),
    closing_words=_words("endif endef"),
    # The targets of a rule; an assignment is no rule.
    tabbed_below=r"(?=[^\s#])(?:\$[({][^)}\n]{0,200}[)}]|[^#=:\n]){1,1000}+::?(?![:=])",
)
_DOCKER = Lexicon(line_comments=(r"(?<!\S)#",), quotes=(_DOUBLE, _SINGLE))
_DASHES = Lexicon(line_comments=("--",), quotes=(_DOUBLE,), continuations=_BRANCHES)
_HASKELL = replace(
    _DASHES,
    line_comments=(r"--+(?![!#$%&*+./<=>?@\\^|~])",),
    block_comments=(_comment(r"\{-", "-}"),),
    skipped=(_CHARACTER,),
    is_indented=True,
    hanging_words=_ARROWS | _words("= where do of let then else in"),
    continuations=_words("else then where in deriving"),
)
_ML = Lexicon(
    block_comments=(_comment(r"\(\*(?!\))", "*)"),),
    quotes=(
        Quote(r"\{(?P<tag>[a-z_]*)\|", r"|\g<tag>}", spans_lines=True, escape=""),
        replace(_DOUBLE, spans_lines=True),
    ),
    skipped=(_CHARACTER,),
    is_indented=True,
    hanging_words=_ARROWS | _words("= in begin then else with of struct sig do try"),
    continuations=_words("else then with and in | |> ;"),
    closing_words=_words("end done"),
)
_FSHARP = replace(
    _ML,
    line_comments=("//",),
    quotes=(_TRIPLE, replace(_DOUBLE, spans_lines=True)),
    forbids_tabs=True,
)
_LISP = Lexicon(
    line_comments=(";",),
    block_comments=(_comment(r"#\|", "|#"),),
    quotes=(replace(_DOUBLE, spans_lines=True),),
    skipped=(r"#?\\[^\s\w]", r"\?\\?[()\[\]\"]"),
)
_SQL = Lexicon(
    line_comments=("--",),
    block_comments=(_C_BLOCK,),
    quotes=(
        Quote("'", "'", spans_lines=True, escape="''"),
        Quote('"', '"', escape='""'),
        Quote("`", "`", escape=""),
        Quote(r"\$(?P<tag>\w*)\$", r"$\g<tag>$", spans_lines=True, escape=""),
    ),
    continuations=_words(
        "from where group order having limit offset join left right inner outer full cross union "
        "on and or set values returning else when into"
    ),
    closing_words=_words("end"),
)
_YAML = Lexicon(
    line_comments=(r"(?<!\S)#",),
    quotes=(_DOUBLE, Quote("'", "'", escape="''")),
    # An apostrophe inside a word begins no string.
    skipped=(r"(?<=\w)'",),
    is_indented=True,
    has_keys=True,
    forbids_tabs=True,
)
_TOML = Lexicon(
    line_comments=("#",),
    quotes=(_TRIPLE, replace(_TRIPLE_SINGLE, escape=""), _DOUBLE, Quote("'", "'", escape="")),
    has_keys=True,
)
_INI = Lexicon(line_comments=(r"(?<!\S)[#;]",), has_keys=True)
_JSON = replace(_C_LIKE, quotes=(_DOUBLE,), skipped=(), has_keys=True)
_HCL = replace(
    _C_LIKE,
    line_comments=("//", "#"),
    quotes=(_HEREDOC, _DOLLAR_HOLE),
    skipped=(),
    has_keys=True,
)
_NIX = Lexicon(
    line_comments=("#",),
    block_comments=(_C_BLOCK,),
    quotes=(
        Quote("''", "''", spans_lines=True, escape=r"''[$'\\]", hole=r"\$\{"),
        replace(_DOUBLE, spans_lines=True, hole=r"\$\{"),
    ),
    hanging_words=_words("= in let then else with rec :"),
    continuations=_words("in else then"),
)
_CSS = Lexicon(
    block_comments=(_C_BLOCK,),
    quotes=(_DOUBLE, _SINGLE),
    # An address without quotes: its slashes and semicolons are text.
    skipped=(r"(?<=url)\([^\s'\"()]*\)",),
)
_SCSS = replace(_CSS, line_comments=("//",))
_PASCAL = Lexicon(
    line_comments=("//",),
    block_comments=(_comment(r"\{", "}"), _comment(r"\(\*", "*)")),
    quotes=(Quote("'", "'", escape="''"),),
    hanging_words=_words("begin then do else of repeat try"),
    continuations=_words("else until except finally"),
    closing_words=_words("end end; until"),
)
_BASIC = Lexicon(
    line_comments=("'",),
    quotes=(Quote('"', '"', escape='""'),),
    opening_words=_words("if for while do select sub function class module try"),
    hanging_words=_words("then else"),
    continuations=_words("else elseif case catch finally"),
    closing_words=_words("end next loop wend"),
)
_FORTRAN = Lexicon(
    line_comments=("!",),
    quotes=(Quote('"', '"', escape='""'), Quote("'", "'", escape="''")),
    opening_words=_words("if do program subroutine function module select"),
    hanging_words=_words("then else"),
    continuations=_words("else elseif case contains"),
    closing_words=_words("end enddo endif"),
)
_PERCENT = Lexicon(
    line_comments=("%",),
    quotes=(_DOUBLE,),
    skipped=(_CHARACTER, r"\$[\"'()\[\]{}%]"),
    opening_words=_words("if for while switch try function"),
    hanging_words=_words("-> of"),
    continuations=_words("else elseif catch otherwise case after"),
    closing_words=_words("end"),
)
_VIM = Lexicon(
    line_comments=(r'(?<!\S)"(?![^"\n]*")',),
    quotes=(_DOUBLE, Quote("'", "'", escape="''")),
    opening_words=_words("if for while function function! try"),
    continuations=_words("else elseif catch finally"),
    closing_words=_words("endif endfor endwhile endfunction endtry"),
)
_MARKUP = Lexicon(
    block_comments=(_comment("<!--", "-->"),),
    quotes=(replace(_DOUBLE, spans_lines=True, escape=""), Quote("'", "'", True, "")),
    has_tags=True,
)
# The end of embedded code closes no tag.
_ERB = replace(_MARKUP, skipped=("%>",))
_PROSE = Lexicon(is_prose=True)
_TEX = Lexicon(
    line_comments=(r"(?<!\\)%",),
    skipped=(r"\\[^\w\s]",),
    is_prose=True,
)
_UNKNOWN = Lexicon(
    # Safe in most languages: an unknown comment or string does least harm if it is read as code.
    line_comments=("//", r"(?<!\S)#(?=[\s!#]|\Z)"),
    block_comments=(_C_BLOCK,),
    quotes=(_TRIPLE, _DOUBLE),
    skipped=(_CHARACTER,),
    hanging_words=_ARROWS | _words("do then begin else"),
    continuations=_BRANCHES,
    closing_words=_words("end"),
)

_FAMILIES: tuple[tuple[Lexicon, str], ...] = (
    (_C_LIKE, "java proto solidity thrift glsl hlsl v jsonnet bicep verilog systemverilog"),
    (_C_LIKE, "haxe prisma vala"),
    (_C, "c cpp objective-c objective-cpp cuda-cpp arduino"),
    (_CSHARP, "csharp"),
    (_GO, "go d"),
    (_RUST, "rust"),
    (_KOTLIN, "kotlin"),
    (_SCALA, "scala"),
    (_DART, "dart"),
    (_SWIFT, "swift"),
    (_ZIG, "zig"),
    (_PHP, "php hack"),
    (_SCRIPT, "javascript typescript javascriptreact typescriptreact qml"),
    (_GROOVY, "groovy jenkinsfile"),
    (_PYTHON, "python cython starlark gdscript mojo"),
    (_NIM, "nim"),
    (_COFFEE, "coffeescript"),
    (_RUBY, "ruby crystal"),
    (_ELIXIR, "elixir"),
    (_LUA, "lua luau"),
    (_JULIA, "julia"),
    (_R, "r"),
    (_PERL, "perl raku"),
    (_SHELL, "shellscript fish csh"),
    (_POWERSHELL, "powershell"),
    (_HASH, "tcl awk graphql gherkin ignore git-rebase meson just"),
    (_CMAKE, "cmake"),
    (_MAKE, "makefile"),
    (_DOCKER, "dockerfile"),
    (_DASHES, "ada vhdl applescript"),
    (replace(_HASKELL, forbids_tabs=True), "elm"),
    (_HASKELL, "haskell purescript idris agda literate-haskell"),
    (_ML, "ocaml coq standard-ml"),
    (replace(_ML, line_comments=("//",), block_comments=(_C_BLOCK,)), "reason"),
    (_FSHARP, "fsharp"),
    (_LISP, "clojure lisp scheme racket emacs-lisp fennel hy"),
    (_SQL, "sql plsql mysql postgres"),
    (_YAML, "yaml dockercompose github-actions-workflow"),
    (_TOML, "toml"),
    (_INI, "ini properties dotenv editorconfig"),
    (_JSON, "json jsonc json5"),
    (_HCL, "terraform hcl"),
    (_NIX, "nix"),
    (_CSS, "css"),
    (_SCSS, "scss less sass stylus"),
    (_PASCAL, "pascal"),
    (_BASIC, "vb"),
    (_FORTRAN, "fortran"),
    (_PERCENT, "erlang matlab prolog octave"),
    (_VIM, "vim"),
    (_MARKUP, "html xml xsl vue svelte astro handlebars razor blade vue-html svg jinja"),
    (_ERB, "erb"),
    (_MARKUP, "django-html twig"),
    (_PROSE, " ".join((PROSE - {"latex"}) | {"diff", "log"})),
    (_TEX, "latex"),
)
BY_LANGUAGE = {
    language_id: lexicon for lexicon, languages in _FAMILIES for language_id in languages.split()
}
"""Lexicons by language id."""

EMBEDDED: dict[str, tuple[tuple[str, str, str], ...]] = {
    language_id: (
        (r"<script\b[^>]{0,500}+>", "</script>", "typescript"),
        (r"<style\b[^>]{0,500}+>", "</style>", "scss"),
        # The code between the dashes at the start of an Astro file.
        *(((r"\A---\n", "\n---", "typescript"),) if language_id == "astro" else ()),
    )
    for language_id in ("html", "vue", "svelte", "astro")
}
"""Languages embedded in documents of another, by language id.

Each is a tuple of its opening pattern, its closing text and its language id."""


def lexicon_for(language_id: str) -> Lexicon:
    """Return the lexicon of a language by its id, or by any client's name for it.

    An unknown language gets a lexicon that is safe in most languages.
    """
    return BY_LANGUAGE.get(to_id(language_id), _UNKNOWN)
