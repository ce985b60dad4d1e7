"""``python -m ds_lsp`` is ``ds-lsp``."""

import sys

# Python has put the folder it was started in first: a workspace, which may be a stranger's.
# Nothing is imported from there; what is ours is found by the package.
if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]

from ds_lsp.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
