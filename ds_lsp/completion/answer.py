"""The answer of a provider, and what of it is shown at the cursor."""

from dataclasses import dataclass, replace

from ds_lsp.completion.postprocess.early_stop import stop_condition
from ds_lsp.completion.postprocess.extent import extent_for
from ds_lsp.completion.postprocess.place import CursorContext, cursor_context
from ds_lsp.completion.postprocess.rules import Fitted, fit
from ds_lsp.completion.prompt.window import cut_at_secret
from ds_lsp.completion.request import CompletionRequest
from ds_lsp.completion.trigger import ShownCompletion
from ds_lsp.providers.base import FimRequest, FimResult, Finish, KeepGoing
from ds_lsp.text.lines import with_newlines
from ds_lsp.text.pairs import bracket_balances
from ds_lsp.text.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """The text of a provider, as far as it lies beyond what was typed since it was asked for."""

    asked: FimRequest
    result: FimResult
    typed: str = ""
    """Text typed at the cursor since then."""


def fit_answer(answer: ProviderAnswer, request: CompletionRequest) -> Fitted:
    """Return what of an answer is shown: what fits, above the first secret in it."""
    return _above_secrets(_fit_from_start(answer, request), request.snapshot)


def stop_when_complete(request: CompletionRequest, asked: FimRequest) -> KeepGoing:
    """Return the question that a stream is asked: whether more of its text would be shown."""
    return stop_condition(_context(request.snapshot, Finish.STOP, request, asked.prompt.markers))


def shown_of(result: FimResult, fitted: Fitted) -> ShownCompletion:
    """Return what is shown, and whether the model ended its line there."""
    beyond = result.text.removeprefix(fitted.text)
    ends_line = beyond.startswith(("\n", "\r")) or (not beyond and result.finish is Finish.STOP)
    return ShownCompletion(fitted.text, ends_line)


def _fit_from_start(answer: ProviderAnswer, request: CompletionRequest) -> Fitted:
    snapshot, result, markers = request.snapshot, answer.result, answer.asked.prompt.markers
    typed = answer.typed.replace("\n", snapshot.eol)
    if typed and snapshot.before.endswith(typed):
        # Fitted where it was asked for: what is shown does not shrink while it is typed along.
        then = replace(snapshot, before=snapshot.before[: -len(typed)])
        fitted = fit(typed + result.text, _context(then, result.finish, request, markers))
        rest = fitted.text[len(typed) :]
        if fitted.text.startswith(typed) and rest.strip():
            return replace(fitted, text=rest)
    return fit(result.text, _context(snapshot, result.finish, request, markers))


def _above_secrets(fitted: Fitted, at: Snapshot) -> Fitted:
    """Keep whole lines above a secret, or above filler in its place, that leave nothing open."""
    kept = cut_at_secret(fitted.text, at)
    if kept == fitted.text:
        return fitted
    lines = with_newlines(kept).split("\n")[:-1]
    while lines and _leaves_open("\n".join(lines)):
        lines.pop()
    text = "\n".join(lines).rstrip().replace("\n", at.eol)
    return Fitted(text, 0, (*fitted.rules, "cut_at_secret"))


def _leaves_open(text: str) -> bool:
    return max(bracket_balances(text)) > 0


def _context(
    snapshot: Snapshot, finish: Finish, request: CompletionRequest, markers: tuple[str, ...]
) -> CursorContext:
    extent = extent_for(snapshot, request.settings.multiline)
    return cursor_context(
        snapshot, extent, finish, markers=markers, can_replace=request.can_replace
    )
