"""``python -m ds_lsp`` is ``ds-lsp``."""

from ds_lsp.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
