"""Files that are never read or sent, whatever the user's ignore files say, as gitignore globs."""

PATTERNS = (
    # Secrets by name.
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".htpasswd",
    "*.tfstate",
    "*.tfstate.*",
    "*.tfvars",
    "secrets.yml",
    "secrets.yaml",
    "credentials.json",
    # Keys, certificates, keystores, password databases.
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "*.gpg",
    "*.asc",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    # Folders of credentials.
    ".ssh/",
    ".aws/",
    ".gnupg/",
    ".kube/",
    "**/.docker/config.json",
    # What was typed at a shell or a database prompt.
    ".*_history",
    # ds-lsp's own settings may hold the key.
    "**/ds-lsp/config.toml",
)
