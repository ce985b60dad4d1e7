"""How fast ds-lsp is, side by side with the obvious server and a peer, against one stand-in."""
