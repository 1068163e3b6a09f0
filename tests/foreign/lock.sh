#!/bin/sh
# Pins what package.json asks for. The lock names no address: neither where a package lies nor whom to pay for it.
set -eu
cd "$(dirname "$0")"
npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --silent
node -e '
const fs = require("fs"), name = "package-lock.json";
const lock = JSON.parse(fs.readFileSync(name));
Object.values(lock.packages).forEach((entry) => delete entry.funding);
fs.writeFileSync(name, JSON.stringify(lock, null, 2) + "\n");
'
! grep -n "://" package-lock.json
