"""Handlers of LSP methods, one function each: convert, call, convert back."""
