"""The names of the commands that a client can run; imports nothing, for the early answer's sake."""

EXPLAIN = "ds-lsp.explain"
ASK = "ds-lsp.ask"
FIX = "ds-lsp.fix"
DOCUMENT = "ds-lsp.document"
REWRITE = "ds-lsp.rewrite"

ACCEPT = "ds-lsp.accept"
CLEAR_CACHE = "ds-lsp.clearCache"
STATUS = "ds-lsp.status"
TOGGLE = "ds-lsp.toggle"
USAGE = "ds-lsp.usage"
WHY = "ds-lsp.why"

CHAT_COMMANDS = (EXPLAIN, ASK, FIX, DOCUMENT, REWRITE)
OTHER_COMMANDS = (ACCEPT, CLEAR_CACHE, STATUS, TOGGLE, USAGE, WHY)
COMMANDS = CHAT_COMMANDS + OTHER_COMMANDS
"""All commands, in the order in which they are announced."""
