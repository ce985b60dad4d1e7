"""What is shown of what the model said: exactly what belongs at the cursor, by cutting alone."""

from collections.abc import Callable
from dataclasses import dataclass

from ds_lsp.completion.postprocess.below import (
    cut_at_same_key,
    cut_lines_below,
    cut_lines_further_below,
    cut_where_lines_below_begin,
    refuse_line_above,
)
from ds_lsp.completion.postprocess.brackets import (
    Overwrite,
    cut_needless_closers,
    cut_overlap,
    cut_where_rest_begins,
    fit_around_rest,
)
from ds_lsp.completion.postprocess.ending import (
    refuse_misplaced_closers,
    refuse_run_on,
    refuse_what_follows,
    trim_end,
    trim_line_ends,
    use_document_indentation,
    use_document_line_ends,
    use_recipe_tabs,
)
from ds_lsp.completion.postprocess.leaks import (
    cut_at_fence,
    cut_at_invisible,
    cut_at_marker,
    cut_at_model_token,
    cut_damaged_line,
    keep_fenced_code,
    normalize_line_ends,
    skip_invisible_start,
)
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.postprocess.repetition import cut_loop_in_line, cut_repeated_lines
from ds_lsp.completion.postprocess.scope import (
    cut_at_string_end,
    drop_body_that_follows,
    drop_empty_block,
    drop_half_line,
    keep_block_below,
    keep_in_comment,
    keep_scope,
    keep_screenful,
    keep_shape,
    refuse_line_break,
)
from ds_lsp.completion.postprocess.start import (
    refuse_inside_word,
    skip_blank_start,
    skip_echo,
)

Rule = Callable[[str, CursorContext], str | Overwrite]
"""A pure function of the text so far; line ends and indentation aside, it only cuts."""

# Order matters: a rule sees the text as the rules above it left it.
RULES: tuple[Rule, ...] = (
    # The rules below know one line end.
    normalize_line_ends,
    # First what no document holds: it would be taken for text by all others.
    skip_invisible_start,
    cut_at_invisible,
    cut_at_model_token,
    cut_damaged_line,
    cut_at_marker,
    keep_fenced_code,
    cut_at_fence,
    # Where it begins, before the first line is told from the others.
    skip_echo,
    skip_blank_start,
    refuse_inside_word,
    # How much is wanted at most.
    drop_half_line,
    keep_in_comment,
    refuse_line_break,
    cut_at_string_end,
    cut_loop_in_line,
    cut_repeated_lines,
    keep_scope,
    # Lines before characters: a repeated line may be what stands between the text and its
    # overlap with the cursor's line.
    cut_lines_below,
    cut_lines_further_below,
    cut_where_lines_below_begin,
    cut_at_same_key,
    # After the lines below, which tell best how many are wanted.
    drop_body_that_follows,
    keep_block_below,
    keep_shape,
    keep_screenful,
    drop_empty_block,
    refuse_line_above,
    # Equal text before counting: cutting more than is equal is for what is left then.
    cut_needless_closers,
    cut_where_rest_begins,
    cut_overlap,
    fit_around_rest,
    # After the cuts, which leave the white space that stood before what they took.
    trim_line_ends,
    trim_end,
    refuse_misplaced_closers,
    refuse_what_follows,
    refuse_run_on,
    # Last, for it changes what the others count.
    use_recipe_tabs,
    use_document_indentation,
    use_document_line_ends,
)


MAX_CHARS = 16_000
"""Maximum characters that are fitted, as many as the most tokens come to; a tenth is shown."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is shown. Empty text: nothing."""

    text: str
    replaces: int = 0
    """How many characters after the cursor, all on its line, the text takes the place of."""
    rules: tuple[str, ...] = ()
    """The rules that changed something, in order."""


def fit(text: str, at: CursorContext) -> Fitted:
    """What of the model's *text* fits at the cursor."""
    text = _readable(text)
    replaces, replaced_text = 0, ""
    changed = []
    for rule in RULES:
        result = rule(text, at)
        after, more = result if isinstance(result, Overwrite) else (result, 0)
        if more or after != text:
            changed.append(rule.__name__)
        replaced_text += at.after[:more]
        text, at, replaces = after, at.drop_after(more), replaces + more
        if not text.strip():
            return Fitted("", 0, tuple(changed))
    if text == replaced_text:
        return Fitted("", 0, tuple(changed))
    return Fitted(text, replaces, tuple(changed))


def _readable(text: str) -> str:
    """As many whole lines of *text* as are looked at; of one endless line, its start."""
    if len(text) <= MAX_CHARS:
        return text
    start = text[:MAX_CHARS]
    return start[: start.rfind("\n")] if "\n" in start else start
