"""Schemes of uris, grouped by the place of the text: on this disk, in a repository, elsewhere."""

# Schemes of a file on this disk itself, not of another version or a part of it.
WHOLE_FILE = frozenset({"file", "vscode-userdata", "untitled", "suda", "sudo", "sudoedit", "admin"})
# Schemes of a version or part of a file on this disk; the authority is not part of its name.
OF_THIS_DISK = frozenset({"git", "gitlens", "git-graph", "git-history", "oil", "pr", "review"})
NOTEBOOK = "vscode-notebook"
"""The beginning of the schemes of notebook cells, their outputs and their metadata."""
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
