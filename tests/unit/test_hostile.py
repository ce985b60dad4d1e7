"""No text makes anything here take more than linear time, whoever has written it.

Regular expressions are found, not listed: a new one is tried as soon as it is written. Functions
that read a stranger's text are listed in `FUNCTIONS`, and a check asks whether one is missing.
"""

import ast
import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import ds_lsp
from ds_lsp.chat import documentation, edits
from ds_lsp.chat.subject import CodeSelection
from ds_lsp.commands.markdown import Rendered
from ds_lsp.completion.cache import cache_key
from ds_lsp.completion.postprocess.early_stop import would_show_more
from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.place import CursorContext, cursor_context
from ds_lsp.completion.postprocess.rules import fit
from ds_lsp.completion.prompt.pick import find_cursor_names
from ds_lsp.completion.prompt.pieces import names_in, source_of
from ds_lsp.completion.prompt.similar import find_most_similar, words_in
from ds_lsp.completion.prompt.window import PromptBuilder, defuse
from ds_lsp.errors import ChatRefused
from ds_lsp.languages.blocks import layout_scope
from ds_lsp.languages.comments import text_of_comment
from ds_lsp.languages.definitions import find_definitions
from ds_lsp.languages.imports import imports_of
from ds_lsp.languages.lexicon import _FAMILIES, Lexicon
from ds_lsp.languages.reader import scan
from ds_lsp.local.index import Index
from ds_lsp.local.tokens import split_words
from ds_lsp.lsp.transport.frames import Framer, summarize
from ds_lsp.providers.base import Finish
from ds_lsp.providers.http.sse import SseDecoder
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.columns import PositionEncoding, column_to_index
from ds_lsp.text.document import Document
from ds_lsp.text.lines import split_lines, with_newlines
from ds_lsp.text.quoted import without_strings
from ds_lsp.text.visible import escape_control_characters
from ds_lsp.uris import to_path
from ds_lsp.workspace.privacy.markers import text_rule
from ds_lsp.workspace.privacy.secrets import cut_secret, find_secrets, mask
from ds_lsp.workspace.walk import looks_minified
from tests.unit.hostile import (
    MAX_RATIO,
    UNITS,
    Regex,
    apply_regex,
    different_ways,
    patterns_built_at_run_time,
    regexes,
    repeated,
    seconds,
    units_of,
    worst_growth,
)

BOUNDED: dict[str, str] = {
    "ds_lsp.chat.placeholders": "longer lines than `MAX_LINE_CHARS` are not looked at",
    "ds_lsp.chat.whole": "longer lines than `MAX_LINE_CHARS` are not looked at; a tag is bounded",
    "ds_lsp.editor_files": "the user's own configuration of an editor",
    "ds_lsp.providers.http.proxy": "the user's own environment",
    "ds_lsp.providers.registry": "the user's own address",
    "ds_lsp.workspace.privacy.markers": "of a line no more than `HEAD_LINE_CHARS` are looked at",
    "ds_lsp.commands.markdown": "longer lines than `MAX_LINE_CHARS` are shown as they are",
}
"""Modules, or variables in them, whose patterns are applied to bounded texts alone, and why."""

BUILT = {
    # A name between word boundaries, a number's digits, and an address within back quotes.
    "ds_lsp.completion.postprocess.leading._has_word",
    "ds_lsp.commands.complete._is_number",
    "ds_lsp.chat.sanitize._sanitize_code",
    # Of `EMBEDDED`; of the lexicons: tried by `regexes`.
    "ds_lsp.completion.postprocess.trailing.use_recipe_tabs",
    "ds_lsp.languages.statements.code_at",
    "ds_lsp.languages.reader._inside_pattern",
    "ds_lsp.languages.reader._patterns",
    # Of `formats.toml` and `names.toml`: tests/unit/workspace/privacy/test_secrets.py has these.
    "ds_lsp.workspace.privacy.formats._load_table",
    "ds_lsp.workspace.privacy.secret_names.pattern",
    # Of lists of names and of one bracket expression: no part is repeated.
    "ds_lsp.workspace.privacy.secret_files.__init__",
    "ds_lsp.workspace.privacy.secret_files._compile",
    "ds_lsp.workspace.privacy.wildmatch._class_members",
    # Of sets of characters, and of one character.
    "ds_lsp.text.lines.hide_carriage_returns",
    "ds_lsp.text.invisible._never_pattern",
    "ds_lsp.text.invisible._table_pattern",
    "ds_lsp.text.invisible._suspicious_pattern",
    # Of a language's words, on lines of at most `MAX_LINE_CHARS`.
    "ds_lsp.chat.notation._code_of",
    "ds_lsp.chat.whole._code_lines",
    "ds_lsp.chat.whole._lacks_definition",
    "ds_lsp.chat.whole._make_word_count",
    # Of marks in the user's own configuration of an editor.
    "ds_lsp.editor_files.marked_block._pattern",
    "ds_lsp.editor_files.marked_block._refuse_halves",
    "ds_lsp.editor_files.change.backups_of",
    "ds_lsp.editor_files.vscode.take_out",
}
"""Functions that build patterns of data, where no list of patterns can find them."""


def patterns() -> list[Regex]:
    return [each for each in regexes() if not any(each.name.startswith(name) for name in BOUNDED)]


@pytest.mark.parametrize("regex", patterns(), ids=lambda each: each.name)
def test_a_regular_expression_takes_linear_time(regex: Regex) -> None:
    texts = [*(("", unit) for unit in UNITS), *units_of(regex.pattern)]
    for way in different_ways(regex.ways):
        ratio, which = worst_growth(partial(apply_regex, regex.pattern, way), texts)
        assert ratio < MAX_RATIO, f"{way}: {which}"


def test_patterns_that_are_built_of_data_are_known() -> None:
    assert set(patterns_built_at_run_time()) <= BUILT


def test_exceptions_name_what_there_is() -> None:
    names = {each.name for each in regexes()}
    assert all(any(name.startswith(each) for name in names) for each in BOUNDED)


@pytest.mark.parametrize(
    ("pattern", "way"),
    [
        (r"[\w.]+\(\)", "sub"),
        (r"\s+#.*$", "search"),
        (r"a(?:b|c)*d.*e", "search"),
        (r"[ \t]*\(?[ \t]*x", "match"),
        (r"(?:let)\s.*=>", "search"),
        (r'"(?:\\.|[^"\\])*"', "search"),
        (r"'(?:[^'\\]|\\.)*'", "findall"),
    ],
)
def test_what_is_quadratic_is_noticed(pattern: str, way: str) -> None:
    """The texts that are made of a pattern alone find what is wrong with it."""
    bad = re.compile(pattern)
    ratio, _ = worst_growth(partial(apply_regex, bad, way), units_of(bad))
    assert ratio >= MAX_RATIO


# Functions


def _drained(steps: Iterator[object]) -> None:
    for _ in steps:
        pass


def _subject(code: str, language_id: str) -> CodeSelection:
    lines = tuple(split_lines(code))
    return CodeSelection("file:///x", "x", language_id, 1, lines, 0, len(lines) - 1)


def _refused(work: Callable[[], object]) -> None:
    with contextlib.suppress(ChatRefused):
        work()


_JS = _subject("function f(a) {\n  return a;\n}\n", "javascript")
_PYTHON = _subject("def f(a):\n    return a\n", "python")
_WORDS = _subject("some words\n", "markdown")


def _document(text: str, language_id: str = "javascript") -> Document:
    return Document("file:///x", language_id, 1, text)


def _requested(text: str) -> None:
    document = _document(text)
    line = document.line_count // 2
    column = len(document.lines(line, line)[0]) // 2
    contexts = PromptBuilder()
    for _ in range(2):
        request = contexts.build_request(document.snapshot(line, column), CompletionSettings())
        cache_key(request, "x").anchor()


def _scanned(lexicon: Lexicon, text: str) -> None:
    scan(text, lexicon)


def _fitted(language_id: str, text: str) -> None:
    document = _document(text, language_id)
    line = document.line_count // 2
    column = len(document.lines(line, line)[0]) // 2
    place = cursor_context(document.snapshot(line, column), Extent.BLOCK)
    for said in ("pass\n", "a(b) {\n  c\n}\n", text[:300]):
        fit(said, place)


def _typed(text: str) -> None:
    document = _document(text)
    line = document.line_count // 2
    for column in range(3):
        document.replace((line, column), (line, column), "x")
        document.snapshot(line, column + 1)
        document.eol()


def _framed(text: str) -> None:
    framer = Framer()
    framer.feed(text.encode("utf-8", "replace"))
    while framer.take():
        pass


def _decoded(text: str) -> None:
    decoder = SseDecoder()
    data = text.encode("utf-8", "replace")
    for start in range(0, len(data), 1000):
        decoder.feed(data[start : start + 1000])
    decoder.end()


def _indexed(text: str) -> None:
    index = Index()
    asyncio.run(index.put_in_slices("file:///x.py", "python", text))
    index.put("file:///x.py", "python", text)


def _most_similar(text: str) -> None:
    steps = source_of("x", text)
    source = None
    while source is None:
        try:
            next(steps)
        except StopIteration as end:
            source = end.value
    _drained(find_most_similar(words_in(names_in(text)), [source]))


def _laid_out(language_id: str, text: str) -> None:
    header = text.replace("\n", " ") + "\n"
    layout_scope(["if (x) {\n", header, "      x\n", "y\n"], 2, language_id)


def _rendered(text: str) -> None:
    rendered = Rendered()
    for line in text.split("\n"):
        rendered.line(line)


_LANGUAGES = ("javascript", "python", "shellscript", "html", "ruby", "c")

FUNCTIONS: dict[str, Callable[[str], object]] = {
    # The document
    "text.document.Document": _document,
    "text.document.Document.beginning": lambda text: _document(text).beginning(60_000),
    "text.document.Document.replace": _typed,
    "text.lines.with_newlines": with_newlines,
    "text.columns.column_to_index": lambda text: column_to_index(
        text, len(text) // 2, PositionEncoding.UTF16
    ),
    # Completion
    **{
        f"languages.reader.scan {languages.split()[0]}": partial(_scanned, lexicon)
        for lexicon, languages in _FAMILIES
    },
    **{f"postprocess.rules.fit {language}": partial(_fitted, language) for language in _LANGUAGES},
    "postprocess.rules.fit answer": lambda text: fit(
        text, CursorContext("f(", ") {\n  a\n}\n", "c")
    ),
    "postprocess.early_stop.would_show_more": lambda text: would_show_more(
        text, CursorContext("f(", ") {\n  a\n}\n", "c")
    ),
    "prompt.window.PromptBuilder.build_request": _requested,
    "prompt.window.defuse": lambda text: defuse("<｜" + text),
    # Excerpts
    **{
        f"languages.imports.imports_of {language}": partial(imports_of, language_id=language)
        for language in ("python", "javascript", "go", "rust", "c", "java", "ruby", "php", "lua")
    },
    "languages.definitions.find_definitions": lambda text: _drained(find_definitions(text)),
    "prompt.pieces.source_of": lambda text: _drained(source_of("x", text)),
    "prompt.pieces.names_in": names_in,
    "prompt.similar.find_most_similar": _most_similar,
    "prompt.pick.find_cursor_names": lambda text: find_cursor_names(text, text, text),
    # The local provider
    "local.index.Index.put": _indexed,
    "local.tokens.split_words": split_words,
    # Chat
    **{
        f"languages.blocks.layout_scope {language}": partial(_laid_out, language)
        for language in ("javascript", "python", "c")
    },
    "languages.blocks.layout_scope lines": lambda text: layout_scope(split_lines(text), 1, "c"),
    "languages.comments.text_of_comment": lambda text: text_of_comment(f"/* {text}", "javascript"),
    "chat.edits.replacement": lambda text: _refused(
        lambda: edits.replacement("function f(a) {" + text + "}", Finish.STOP, _JS)
    ),
    "chat.edits.replacement lines": lambda text: _refused(
        lambda: edits.replacement(text, Finish.STOP, _JS)
    ),
    "chat.edits.replacement of words": lambda text: _refused(
        lambda: edits.replacement(text, Finish.STOP, _WORDS)
    ),
    "chat.edits.replacement of code": lambda text: _refused(
        lambda: edits.replacement("x = 1", Finish.STOP, _subject(text + "\n", "javascript"))
    ),
    "chat.documentation.to_edit": lambda text: _refused(
        lambda: documentation.to_edit(json.dumps({"documentation": text}), Finish.STOP, _JS)
    ),
    "chat.edits.is_prose": lambda text: [
        edits.is_prose(line, is_wordy=is_wordy)
        for line in text.split("\n")
        for is_wordy in (True, False)
    ],
    "text.quoted.without_strings": without_strings,
    # What is excluded, and masked
    "workspace.privacy.markers.text_rule": lambda text: text_rule(_document(text).head, len(text)),
    "workspace.privacy.markers.text_rule comment": lambda text: text_rule(
        _document("# " + text).head, len(text)
    ),
    "workspace.privacy.secrets.mask": mask,
    "workspace.privacy.secrets.find_secrets": find_secrets,
    "workspace.privacy.secrets.cut_secret": lambda text: cut_secret(text, "x = ", "\n"),
    # What arrives
    "transport.frames.Framer": _framed,
    "transport.frames.summarize": lambda text: summarize(text.encode("utf-8", "replace"), b"}"),
    "http.sse.SseDecoder": _decoded,
    "workspace.walk.looks_minified": looks_minified,
    "uris.to_path": lambda text: to_path("file:///" + text),
    "text.visible.escape_control_characters": escape_control_characters,
    "commands.markdown.Rendered": _rendered,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_linear_time(name: str) -> None:
    ratio, which = worst_growth(FUNCTIONS[name], (("", unit) for unit in UNITS), end="")
    assert ratio < MAX_RATIO, which


@pytest.mark.parametrize("unit", ["a", "){", "(", "\n", "计", "let a=1;"])
def test_what_is_done_at_each_key_does_not_grow_with_a_megabyte(unit: str) -> None:
    """Sixteen times the text costs copies of its line, and is fitted to no more of it."""
    small, large = (_document(repeated(unit, chars)) for chars in (64_000, 1_024_000))

    def press(key: str, document: Document) -> None:
        line = document.line_count // 2
        column = len(document.lines(line, line)[0]) // 2
        document.replace((line, column), (line, column), key)
        fit("a(b) {\n}\n", cursor_context(document.snapshot(line, column), Extent.BLOCK))

    took = [
        min(seconds(partial(press, document=document), key) for key in "xyz")
        for document in (small, large)
    ]
    assert took[1] < MAX_RATIO * took[0]


def test_modules_that_apply_patterns_are_in_the_table() -> None:
    """A module that has patterns for a stranger's text has a function in the table."""
    listed = {name.split()[0] for name in FUNCTIONS}
    missing = []
    for path in Path(ds_lsp.__path__[0]).rglob("*.py"):
        module = ".".join(path.relative_to(ds_lsp.__path__[0]).with_suffix("").parts)
        if not _applies_patterns(path) or module in _OTHERS:
            continue
        short = module.removeprefix("completion.").removeprefix("providers.").removeprefix("lsp.")
        if not any(name.startswith(f"{short}.") for name in listed):
            missing.append(module)
    assert missing == []


_OTHERS = {
    # Read what the user or the project has written, and not a stranger.
    *("cli", "service.key", "logs", "settings.parsers", "settings.schema", "settings.sources"),
    *("commands.complete", "commands.demo", "commands.explain", "commands.setups"),
    *(
        "editor_files.vscode",
        "editor_files.install",
        "editor_files.inspect",
        "editor_files.marked_block",
    ),
    *("editor_files.change", "editor_files.jsonc", "editor_files.toml"),
    *("providers.registry", "providers.http.proxy", "workspace.privacy.gitconfig"),
    # Read names of files, which no system lets grow beyond some thousand characters.
    *(
        "paths",
        "workspace.privacy.copies",
        "workspace.privacy.secret_files",
        "workspace.privacy.decrypted",
    ),
    # Called by `edits.replacement` and `documentation.to_edit`.
    *("chat.notation", "chat.fences", "chat.neighbors", "chat.whole", "chat.placeholders"),
    # Called by `mask`.
    *(
        f"workspace.privacy.{name}"
        for name in ("assignments", "command_lines", "continuations", "formats")
    ),
    *(
        f"workspace.privacy.{name}"
        for name in ("literals", "plain_values", "private_keys", "promising")
    ),
    *(f"workspace.privacy.{name}" for name in ("secret_names", "secret_values")),
    # Called by `fit`.
    "text.invisible",
    *(f"completion.postprocess.{name}" for name in ("repeats_below", "brackets", "artifacts")),
    *(f"completion.postprocess.{name}" for name in ("trailing", "repetition", "leading", "scope")),
    # Called by what is in the table.
    *("completion.prompt.budget", "completion.cache", "completion.trigger", "languages.words"),
    *("languages.statements", "languages.lexicon"),
    # Their answers are bounded where they are read.
    *(
        "providers.deepseek",
        "providers.deepseek_errors",
        "providers.http.http11",
        "providers.catalog",
    ),
    *(
        "providers.http.connections",
        *("providers.refusals", "providers.streamed_call"),
        "providers.http.call",
    ),
    *(
        "completion.kept_text",
        "lsp.handlers.code_actions",
        "lsp.clients",
        "lsp.convert",
        "lsp.explanation_files",
        "chat.prompt",
    ),
    "commands.output",
    # Have tests of their own.
    *(
        "workspace.privacy.gate",
        "workspace.privacy.wildmatch",
        "chat.sanitize",
        "chat.explanation",
        "chat.markup",
    ),
}


def _applies_patterns(path: Path) -> bool:
    return any(
        isinstance(node, ast.Import) and any(alias.name == "re" for alias in node.names)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )
