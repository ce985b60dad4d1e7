"""A small stock list: the workspace in which `ds-lsp demo` types one more file."""
