"""The models in use: in the place of one that is gone, the nearest one that there is."""

from collections.abc import Callable

from ds_lsp.errors import UnknownModelError
from ds_lsp.providers.catalog import catalog


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
