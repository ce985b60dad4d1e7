"""Rules for the end of the text, and for indentation and line ends as in the document."""

import re

from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.languages.reader import scan
from ds_lsp.languages.statements import find_tokens, is_closers_only, is_connected
from ds_lsp.text.lines import TAB_WIDTH, indent_of, is_word_character, leading_blanks
from ds_lsp.text.pairs import OPENER_OF

_CLOSERS = (*OPENER_OF, "</")
_GOES_ON = frozenset(")]}>.,;:=+-*/%&|^?!<")
"""Characters that continue the expression before them."""
_EXPECTS = frozenset("([{=+-*/%&|^,.!~<>@$#:?")
"""Characters after which an expression must continue."""
_MAX_RECIPE_LINES = 200
"""Maximum lines above the cursor that are searched for the makefile rule of a recipe."""
_DECIDES_NOTHING = re.compile(r"\s*(?:#|-?include\b|if(?:n?eq|n?def)\b|else\b|endif\b|\Z)")


def trim_line_ends(text: str, at: CursorContext) -> str:
    """Trim white space at the end of each line but the last; in prose it has a meaning."""
    lines = text.split("\n")
    if len(lines) == 1 or at.lexicon.is_prose:
        return text
    return "\n".join([*(line.rstrip(" \t") for line in lines[:-1]), lines[-1]])


def trim_end(text: str, at: CursorContext) -> str:
    """Trim white space at the end of the text, unless it separates the text from the line's rest.

    There are these cases:

    1. Nothing, or white space, follows the cursor on its line: trim all.
    2. The text begins with a line end: keep the last line end, and the indentation after it.
    3. The text does not end with a line end: keep all.
    4. The rest of the line is code of its own: keep one line end, with the right indentation.
       Otherwise trim all.
    """
    if not text.strip():
        return ""
    if not at.rest.strip() or at.rest[0] in " \t":
        return text.rstrip()
    if text.startswith("\n"):
        # The text is a body between two brackets, and the second is on a line of its own.
        body = text.rstrip()
        end = text.rfind("\n")
        return body + text[end:] if end >= len(body) else text
    body = text.rstrip()
    if "\n" not in text[len(body) :]:
        return text
    if not at.pushes_rest_down:
        return body
    # A closing bracket keeps the indentation of the model, other code that of the document.
    is_closing = at.rest.lstrip().startswith(_CLOSERS)
    return body + "\n" + (text.rpartition("\n")[2] if is_closing else at.line_before)


def refuse_run_on(text: str, at: CursorContext) -> str:
    """Refuse a text that the rest of the cursor's line would run into.

    There are three cases in which the last line of the text must not precede the rest:

    1. Two words would become one.
    2. A line comment of the text would swallow the rest.
    3. At the start of a line, a whole statement would precede another one.
    """
    last = text.rpartition("\n")[2]
    rest = at.rest.strip()
    if not rest or not last.strip():
        return text
    joins = is_word_character(last[-1]) and is_word_character(at.rest[0])
    if joins and not is_connected(last[-1], at.rest[0]):
        return ""
    comment = at.scan(text).comment
    before = text[comment - 1] if comment else at.before[-1:]
    is_comment = comment is not None and before in ("", *" \t\n")
    if is_comment and not at.is_in_line_comment:
        return ""
    if not at.is_blank_before or not at.is_code or rest.startswith(_CLOSERS):
        return text
    if last[-1] in " \t" or (last[-1] in _EXPECTS and not last.endswith(("++", "--"))):
        return text
    is_call = rest[0] in "([{" and is_word_character(last[-1])
    return text if is_call or (rest[0] in _GOES_ON and last[-1] != ";") else ""


def refuse_misplaced_closers(text: str, at: CursorContext) -> str:
    """Refuse brackets alone that are indented deeper than the line of the bracket that they close.

    Editors indent such brackets better.
    """
    if not at.is_blank_before or not text.strip() or not is_closers_only(text):
        return text
    openers = [each for each in at.state.stack if each.inside is None]
    if not openers or at.state.inside is not None or "\n" in text.strip():
        return text
    opened_at = openers[-1].offset
    line = at.code_before[at.code_before.rfind("\n", 0, opened_at) + 1 :]
    here = at.line_before + text[: len(text) - len(text.lstrip())]
    return "" if indent_of(here) > indent_of(line) else text


def refuse_what_follows(text: str, at: CursorContext) -> str:
    """Refuse a text that is the beginning of the rest of the cursor's line."""
    if not text.strip() or not at.rest.strip():
        return text
    generated = [found.group() for found in find_tokens(text)]
    follows = [found.group() for found in find_tokens(at.rest)]
    if generated != follows[: len(generated)]:
        return text
    return "" if at.imbalance("") <= at.imbalance(text) else text


def use_recipe_tabs(text: str, at: CursorContext) -> str:
    """Indent the recipes of a makefile with a tab each, as ``make`` demands.

    The lines above decide: below a rule or a recipe, an indented line is a recipe. Comments,
    directives and blank lines decide nothing, and a continued line stays as it is.
    """
    if not at.lexicon.tabbed_below:
        return text
    heading = re.compile(at.lexicon.tabbed_below)
    head = [line for line in at.before.split("\n")[-_MAX_RECIPE_LINES:-1] if line.strip()]
    lines = text.split("\n")
    is_recipe = is_continued = False
    unit = 0
    for index, line in enumerate([*head, at.line_before + lines[0], *lines[1:]]):
        shown = index - len(head)
        lead = leading_blanks(line)
        is_ours = shown > 0 or (shown == 0 and not at.line_before)
        decides = not is_continued and not _DECIDES_NOTHING.match(line)
        if is_ours and is_recipe and decides and lead.startswith(" "):
            unit = unit or len(lead)
            lines[shown] = "\t" + lead[unit:] + line[len(lead) :]
        elif decides and not lead:
            is_recipe = heading.match(line) is not None
        elif decides and lead.startswith("\t"):
            is_recipe = True
        is_continued = line.endswith("\\")
    return "\n".join(lines)


def use_document_indentation(text: str, at: CursorContext) -> str:
    """Indent with tabs or blanks like the document, except odd indentation and strings."""
    if at.lexicon.tabbed_below:
        return text
    lines = text.split("\n")
    first = 1 if at.line_before else 0
    leads = [leading_blanks(line) for line in lines]
    if not any(leads[first:]):
        return text
    if at.indents_with == "\t":
        widths = [len(lead) for lead in leads[first:] if lead and "\t" not in lead]
        unit = next((size for size in (TAB_WIDTH, 2) if not any(w % size for w in widths)), 0)
        if not widths or not unit:
            return text
        changed = [
            lead if "\t" in lead else "\t" * (len(lead) // unit) + " " * (len(lead) % unit)
            for lead in leads
        ]
    elif "\t" in "".join(leads[first:]) and (at.indents_with or at.lexicon.forbids_tabs):
        changed = [lead.replace("\t", " " * at.indent_unit) for lead in leads]
    else:
        return text
    state = at.state
    for index, line in enumerate(lines):
        if index >= first and (state.inside is None or state.inside.is_comment):
            lines[index] = changed[index] + line[len(leads[index]) :]
        state = scan(line + "\n", at.lexicon, state).end
    return "\n".join(lines)


def use_document_line_ends(text: str, at: CursorContext) -> str:
    """Use the line end of the document."""
    return text.replace("\n", at.eol)
