#!/bin/sh
# Installs the npm packages that tests use, exactly as the lock in their folder says, where npm is there.
# Never fails: without them some tests skip, and with CI=true those tests fail by themselves.
set -u
command -v npm >/dev/null || exit 0

# Folders may be named; else those of the tests.
[ $# -gt 0 ] || set -- "$(dirname "$0")"/*/
for folder in "$@"; do
    lock="$folder/package-lock.json"
    [ -e "$lock" ] || continue
    # npm leaves a copy of the lock behind when it is done
    [ "$folder/node_modules/.package-lock.json" -nt "$lock" ] && continue
    echo "Installing npm packages into $folder"
    said="$(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund 2>&1 </dev/null)" ||
        printf '%s\nthe tests that need them will be skipped\n' "$said" | tail -n 5
done
exit 0
