"""JSON of any shape, and what nearly is what it should be."""

from hypothesis import strategies as st

from ds_lsp.settings.schema import SETTINGS

# With halves of surrogate pairs and NUL, as JSON can spell them.
TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["", "\0", "\ud800", "中文", "🙂", "a" * 5000, "%", "file:///a.py", "file:///\0", "untitled:1"]
)
NUMBERS = (
    st.integers()
    | st.floats()
    | st.sampled_from([0, -1, 2**31, 2**53 + 1, 2**64, 10**400, -(10**30), 1.5, 1e308])
)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def deep(levels: int) -> object:
    value: object = {}
    for _ in range(levels):
        value = {"a": value}
    return value


NAMES = st.sampled_from([*SETTINGS, "maxTokens", "completion", "privacy", "client", "ds-lsp", "x"])
SETTINGS_VALUES = (
    LEAVES
    | st.lists(TEXTS, max_size=5)
    | st.sampled_from(["auto", "deepseek", "local", "adaptive", "http://localhost:1/v1", 128])
)
SETTINGS_TREES = st.recursive(
    st.dictionaries(NAMES | TEXTS, SETTINGS_VALUES, max_size=6),
    lambda inner: st.dictionaries(NAMES | TEXTS, inner | SETTINGS_VALUES, max_size=4),
    max_leaves=6,
) | st.builds(deep, st.integers(0, 400))
