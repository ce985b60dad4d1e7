"""The life of one chat request reads top to bottom in one place."""

import ast
from pathlib import Path

from ds_lsp.lsp.handlers import chat

STORY = ["_begin", "_explain", "_show_answer", "_receive_answer", "_ask_model"]
MAX_LINES = 60
"""Maximum lines of code of the whole story, without comments, docstrings and blank lines."""


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef, source: list[str]) -> int:
    documented = ast.get_docstring(function) is not None
    prose = range(function.body[0].lineno, (function.body[0].end_lineno or 0) + 1)
    numbers = range(function.lineno, (function.end_lineno or 0) + 1)
    return sum(
        bool(line := source[number - 1].strip())
        and not line.startswith("#")
        and not (documented and number in prose)
        for number in numbers
    )


def test_the_life_of_one_chat_request_is_short_and_in_reading_order() -> None:
    text = Path(chat.__file__).read_text("utf-8")
    functions = [
        each
        for each in ast.parse(text).body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    names = [each.name for each in functions]
    start = names.index(STORY[0])
    assert names[start : start + len(STORY)] == STORY
    story = functions[start : start + len(STORY)]
    assert sum(lines_of_code(each, text.splitlines()) for each in story) <= MAX_LINES
    # Each step but the last leads to the next one; a command hands the second to the first.
    for function, step in zip(story[1:], STORY[2:], strict=False):
        called = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
        assert step in called
