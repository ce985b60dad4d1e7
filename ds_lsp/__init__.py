"""An editor-agnostic code-completion language server for DeepSeek."""

__version__ = "0.1.0"
