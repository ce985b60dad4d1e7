"""Schemes of uris, by where the text lies that they show."""

# Schemes of a file of this disk as it is, and not of another version or a part of it.
WHOLE_FILE = frozenset({"file", "vscode-userdata", "untitled", "suda", "sudo", "sudoedit", "admin"})
# Schemes of a version or part of a file of this disk, whose authority is not part of its name.
OF_THIS_DISK = frozenset({"git", "gitlens", "git-graph", "git-history", "oil", "pr", "review"})
NOTEBOOK = "vscode-notebook"
"""How the schemes of cells, their outputs and their metadata begin."""
# Schemes of a path in the repository, after the path of its `.git`.
IN_REPOSITORY = frozenset(
    {
        *("codediff", "diffview", "fugitive", "gin", "gina", "gindiff", "ginedit", "ginlog"),
        *("gitsigns", "minigit", "neogit"),
    }
)
ARCHIVES = frozenset({"archive", "jar", "tar", "tarfile", "zip", "zipfile", "zipfs"})
ELSEWHERE = frozenset(
    {
        "dav", "davs", "deno", "docker", "fetch", "fish", "ftp", "ftps", "github", "http", "https",
        "jdt", "jrt", "mtp", "nfs", "octo", "oil-s3", "oil-ssh", "rcp", "rsync", "s3", "scp",
        "sftp", "smb", "ssh", "vscode-test-web", "vscode-vfs", "webdav",
    }
)  # fmt: skip
