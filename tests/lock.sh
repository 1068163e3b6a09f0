#!/bin/sh
# Pins what each package.json below asks for. A lock names no address: neither where a package lies nor whom to pay for it.
set -eu
for folder in "$(dirname "$0")"/foreign "$(dirname "$0")"/judge "$(dirname "$0")"/../benchmarks/peers; do
    (
        cd "$folder"
        rm -rf node_modules package-lock.json
        npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund --silent
        node -e '
            const fs = require("fs"), name = "package-lock.json";
            const lock = JSON.parse(fs.readFileSync(name));
            Object.values(lock.packages).forEach((entry) => delete entry.funding);
            fs.writeFileSync(name, JSON.stringify(lock, null, 2) + "\n");
        '
        ! grep -n "://" package-lock.json
    )
done
