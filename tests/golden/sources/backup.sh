#!/usr/bin/env bash
# Copies folders to a dated archive, and keeps the last few.
set -euo pipefail

readonly NAME="${0##*/}"
KEEP=7
TARGET="${BACKUP_DIR:-$HOME/backup}"
VERBOSE=0

usage() {
  cat <<TEXT
usage: $NAME [-k COUNT] [-t DIR] [-v] FOLDER...
  -k COUNT  how many archives are kept ($KEEP)
  -t DIR    where they are kept
TEXT
}

log() {
  if [ "$VERBOSE" -eq 1 ]; then
    echo "$(date +%T) $*" >&2
  fi
}

die() {
  echo "$NAME: $1" >&2
  exit "${2:-1}"
}

archive() {
  local folder="$1"
  local stamp
  stamp="$(date +%Y-%m-%d)"
  local file="$TARGET/$(basename "$folder")-$stamp.tar.gz"

  [ -d "$folder" ] || die "没有这个目录: $folder" 2
  if [ -e "$file" ]; then
    log "there already: $file"
    return 0
  fi
  tar -czf "$file.part" -C "$(dirname "$folder")" "$(basename "$folder")"
  mv "$file.part" "$file"
  log "wrote $file ($(du -h "$file" | cut -f1))"
}

prune() {
  local prefix="$1"
  local count=0
  for file in $(ls -1t "$TARGET/$prefix"-*.tar.gz 2>/dev/null); do
    count=$((count + 1))
    if [ "$count" -gt "$KEEP" ]; then
      rm -- "$file"
      log "removed ${file#"$TARGET"/}"
    fi
  done
}

while getopts "k:t:vh" option; do
  case "$option" in
    k) KEEP="$OPTARG" ;;
    t) TARGET="$OPTARG" ;;
    v) VERBOSE=1 ;;
    h)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 64
      ;;
  esac
done
shift $((OPTIND - 1))

if [ "$#" -eq 0 ]; then
  usage >&2
  exit 64
fi

mkdir -p "$TARGET"
for folder in "$@"; do
  archive "${folder%/}"
  prune "$(basename "$folder")"
done
