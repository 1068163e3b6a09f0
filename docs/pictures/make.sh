#!/bin/sh
# Takes the README's pictures of the two examples: `make pictures`, after a template has changed.
set -eu
newsletter=$1
here=$(dirname "$0")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for example in china-team-note:team-update china-ai-brief:daily-brief; do
    env NEWSLETTER_SENDER_NAME="Harbour Advisers" NEWSLETTER_SENDER_ADDRESS=news@example.com \
        NEWSLETTER_POSTAL_ADDRESS="Harbour Advisers, 1 Quay Street, Singapore 048616" \
        NEWSLETTER_UNSUBSCRIBE_ADDRESS=leave@example.com NEWSLETTER_BASE_URL=https://news.example.com \
        "$newsletter" build "$here/../examples/${example%%:*}.md" -o "$scratch" >/dev/null 2>&1
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --disable-background-networking \
        --user-data-dir="$scratch/profile" --window-size=680,900 \
        --screenshot="$here/${example##*:}.png" "file://$scratch/${example%%:*}.html" >/dev/null 2>&1
    echo "$here/${example##*:}.png"
done
