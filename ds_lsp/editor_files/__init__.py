"""Changes the configuration files of editors, and restores them byte for byte."""
