"""Fit the model's text to the document, by cutting alone: keep what belongs at the cursor."""

from collections.abc import Callable
from dataclasses import dataclass

from ds_lsp.completion.postprocess.artifacts import (
    cut_at_fence,
    cut_at_invisible,
    cut_at_marker,
    cut_at_model_token,
    cut_damaged_line,
    keep_fenced_code,
    normalize_line_ends,
    skip_invisible_start,
)
from ds_lsp.completion.postprocess.brackets import (
    Overwrite,
    cut_needless_closers,
    cut_overlap,
    cut_where_rest_begins,
    fit_around_rest,
)
from ds_lsp.completion.postprocess.leading import (
    refuse_inside_word,
    skip_blank_start,
    skip_echo,
)
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.postprocess.repeats_below import (
    cut_at_same_key,
    cut_lines_below,
    cut_lines_further_below,
    cut_where_lines_below_begin,
    refuse_line_above,
)
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
from ds_lsp.completion.postprocess.trailing import (
    refuse_misplaced_closers,
    refuse_run_on,
    refuse_what_follows,
    trim_end,
    trim_line_ends,
    use_document_indentation,
    use_document_line_ends,
    use_recipe_tabs,
)

RuleFunction = Callable[[str, CursorContext], str | Overwrite]
"""A pure function of the text so far. It only cuts, except for line ends and indentation."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of post-processing."""

    function: RuleFunction
    is_stable: bool
    """True if a line that the rule has cut stays cut, whatever the model still says: `early_stop`
    applies the rule to the lines so far. False if the cut may depend on text that may still arrive,
    or if `early_stop` has a check of its own for it."""

    @property
    def name(self) -> str:
        """The name under which ``ds-lsp.why`` shows the rule."""
        return self.function.__name__


# The order matters, because each rule gets the text that the rules above it have left.
RULES: tuple[Rule, ...] = (
    # The rules below know one line end.
    Rule(normalize_line_ends, is_stable=False),
    # First what belongs to no document, because all other rules would treat it as text.
    Rule(skip_invisible_start, is_stable=False),
    Rule(cut_at_invisible, is_stable=False),
    Rule(cut_at_model_token, is_stable=False),
    Rule(cut_damaged_line, is_stable=False),
    Rule(cut_at_marker, is_stable=True),
    Rule(keep_fenced_code, is_stable=False),
    Rule(cut_at_fence, is_stable=False),
    # The start of the text, before other rules treat the first line in a special way.
    Rule(skip_echo, is_stable=False),
    Rule(skip_blank_start, is_stable=False),
    Rule(refuse_inside_word, is_stable=False),
    # The maximum extent of the text.
    Rule(drop_half_line, is_stable=False),
    Rule(keep_in_comment, is_stable=True),
    Rule(refuse_line_break, is_stable=False),
    Rule(cut_at_string_end, is_stable=True),
    Rule(cut_loop_in_line, is_stable=True),
    Rule(cut_repeated_lines, is_stable=True),
    Rule(keep_scope, is_stable=True),
    # Lines before characters: a repeated line may hide the overlap of the text before it with the
    # cursor's line.
    Rule(cut_lines_below, is_stable=False),
    Rule(cut_lines_further_below, is_stable=False),
    Rule(cut_where_lines_below_begin, is_stable=True),
    Rule(cut_at_same_key, is_stable=True),
    # After the rules about the lines below, which are the best evidence of the wanted extent.
    Rule(drop_body_that_follows, is_stable=False),
    Rule(keep_block_below, is_stable=False),
    Rule(keep_shape, is_stable=False),
    Rule(keep_screenful, is_stable=False),
    Rule(drop_empty_block, is_stable=False),
    Rule(refuse_line_above, is_stable=False),
    # Equal text before counted brackets: what is equal needs no count.
    Rule(cut_needless_closers, is_stable=False),
    Rule(cut_where_rest_begins, is_stable=False),
    Rule(cut_overlap, is_stable=False),
    Rule(fit_around_rest, is_stable=False),
    # After the cuts, which leave the white space before the text that they removed.
    Rule(trim_line_ends, is_stable=False),
    Rule(trim_end, is_stable=False),
    Rule(refuse_misplaced_closers, is_stable=False),
    Rule(refuse_what_follows, is_stable=False),
    Rule(refuse_run_on, is_stable=False),
    # Last, because these rules change characters that the others count.
    Rule(use_recipe_tabs, is_stable=False),
    Rule(use_document_indentation, is_stable=False),
    Rule(use_document_line_ends, is_stable=False),
)


MAX_CHARS = 16_000
"""Maximum characters of a text that are fitted: as many as the largest number of tokens comes to. A
tenth of that is shown."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text to show. If it is empty, nothing is shown."""

    text: str
    replaces: int = 0
    """Number of characters after the cursor, all on its line, that the text replaces."""
    rules: tuple[str, ...] = ()
    """Names of the rules that changed something, in order."""


def fit(text: str, at: CursorContext) -> Fitted:
    """Return the part of the model's *text* that fits at the cursor."""
    text = _limit(text)
    replaces, replaced_text = 0, ""
    changed = []
    for rule in RULES:
        result = rule.function(text, at)
        after, more = result if isinstance(result, Overwrite) else (result, 0)
        if more or after != text:
            changed.append(rule.name)
        replaced_text += at.after[:more]
        text, at, replaces = after, at.drop_after(more), replaces + more
        if not text.strip():
            return Fitted("", 0, tuple(changed))
    if text == replaced_text:
        return Fitted("", 0, tuple(changed))
    return Fitted(text, replaces, tuple(changed))


def _limit(text: str) -> str:
    """Return the whole lines in the first `MAX_CHARS` of *text*; of one long line, its start."""
    if len(text) <= MAX_CHARS:
        return text
    start = text[:MAX_CHARS]
    return start[: start.rfind("\n")] if "\n" in start else start
