"""How the text ends, and that it is written as the document is."""

from ds_lsp.completion.postprocess.lines import TAB_WIDTH, indent_of, is_closers_only, tokens
from ds_lsp.completion.postprocess.place import Place
from ds_lsp.completion.postprocess.scan import scan


def trim_line_ends(text: str, at: Place) -> str:
    """No white space at the end of a line. In prose, blanks there have a meaning."""
    lines = text.split("\n")
    if len(lines) == 1 or at.lexicon.is_prose:
        return text
    return "\n".join([*(line.rstrip(" \t") for line in lines[:-1]), lines[-1]])


def trim_end(text: str, at: Place) -> str:
    """Ghost text does not end in white space, unless it holds apart what follows on the line."""
    if not text.strip():
        return ""
    if not at.rest.strip() or at.rest[0] in " \t":
        return text.rstrip()
    if text.startswith("\n"):
        # A body between two brackets: the second stands on a line of its own.
        body = text.rstrip()
        end = text.rfind("\n")
        return body + text[end:] if end >= len(body) else text
    body = text.rstrip()
    return body if "\n" in text[len(body) :] else text


def refuse_misplaced_closers(text: str, at: Place) -> str:
    """Brackets alone, deeper than what they close: the editor does that better."""
    if not at.is_blank_before or not text.strip() or not is_closers_only(text):
        return text
    openers = [each for each in at.state.stack if each.inside is None]
    if not openers or at.state.inside is not None or "\n" in text.strip():
        return text
    opened_at = openers[-1].at
    line = at.code_before[at.code_before.rfind("\n", 0, opened_at) + 1 :]
    here = at.line_before + text[: len(text) - len(text.lstrip())]
    return "" if indent_of(here) > indent_of(line) else text


def refuse_what_follows(text: str, at: Place) -> str:
    """What stands right after the cursor is not said before it."""
    if not text.strip() or not at.rest.strip():
        return text
    said = [found.group() for found in tokens(text)]
    follows = [found.group() for found in tokens(at.rest)]
    if said != follows[: len(said)]:
        return text
    return "" if at.damage("") <= at.damage(text) else text


def use_document_indentation(text: str, at: Place) -> str:
    """Tabs or blanks as in the document; odd indentation and strings are left as they are."""
    lines = text.split("\n")
    first = 1 if at.line_before else 0
    leads = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines]
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
    elif at.indents_with == " " and any("\t" in lead for lead in leads[first:]):
        changed = [lead.replace("\t", " " * at.unit) for lead in leads]
    else:
        return text
    state = at.state
    for index, line in enumerate(lines):
        if index >= first and (state.inside is None or state.inside.is_comment):
            lines[index] = changed[index] + line[len(leads[index]) :]
        state = scan(line + "\n", at.lexicon, state).end
    return "\n".join(lines)


def use_document_line_ends(text: str, at: Place) -> str:
    return text.replace("\n", at.eol)
