"""The models in use: in the place of one that is gone, the nearest one that there is."""

from collections.abc import Callable
from dataclasses import replace

from ds_lsp.errors import UnknownModelError
from ds_lsp.providers.catalog import catalog
from ds_lsp.settings.schema import Settings


class ModelsInUse:
    """Remembers, for one service, which model takes the place of which."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        """*changed* is called when another model is used from now on."""
        self._changed = changed
        self._gone: set[str] = set()
        self._substitutes: dict[str, str] = {}

    def current(self, name: str) -> str:
        """Return *name*, or the model that takes its place."""
        name = catalog().current(name)
        while name in self._substitutes:
            name = self._substitutes[name]
        return name

    def replace(self, error: UnknownModelError) -> str | None:
        """Replace the model that is gone by the nearest one; return it, or None if none is left."""
        self._gone.add(error.asked)
        left = [name for name in error.supported if name not in self._gone]
        if not left:
            return None
        self._substitutes[error.asked] = catalog().nearest(error.asked, left)
        self._changed()
        return self._substitutes[error.asked]


NO_SUBSTITUTES = ModelsInUse()
"""The models that are used while there is no service: retired names are replaced all the same."""


def with_current_models(settings: Settings, models: ModelsInUse) -> Settings:
    """Return *settings* with the models that are used in place of those that are gone."""
    completion, chat = settings.completion, settings.chat
    for_completion, for_chat = models.current(completion.model), models.current(chat.model)
    if (for_completion, for_chat) == (completion.model, chat.model):
        return settings
    return replace(
        settings,
        completion=replace(completion, model=for_completion),
        chat=replace(chat, model=for_chat),
    )


def describe_substitutes(wanted: Settings, used: Settings) -> str | None:
    """Return the sentence on models that are gone, or None."""
    names = {
        "completion.model": (wanted.completion.model, used.completion.model),
        "chat.model": (wanted.chat.model, used.chat.model),
    }
    gone = [
        f"{path} is {name}, which is gone: {now} is used"
        for path, (name, now) in names.items()
        if name != now
    ]
    return f"{'; '.join(gone)}." if gone else None
