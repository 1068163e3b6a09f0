#!/bin/sh
# Installs the outside programs that the tests use, where that is possible without asking; else says what to install.
# Never fails: without them some tests skip, and with CI=true those tests fail by themselves.
set -u
PATH="$PATH:/usr/sbin:/sbin"

packages=""
command -v smtp-sink >/dev/null || packages="$packages postfix"
command -v chromium >/dev/null || packages="$packages chromium"
command -v java >/dev/null || packages="$packages default-jre-headless"
command -v spamassassin >/dev/null || packages="$packages spamassassin"
command -v node >/dev/null || packages="$packages nodejs"
command -v systemd-analyze >/dev/null || packages="$packages systemd"
command -v npm >/dev/null || packages="$packages npm"
[ -n "$packages" ] || exit 0

if [ "$(id -u)" != 0 ] || ! grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then
    echo "some tests will be skipped; to run them all, install:$packages (smtp-sink comes with Postfix)"
    exit 0
fi

# Postfix is wanted for its test program only: it gets no configuration, and does not start now or at the next boot.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
fi
echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections 2>/dev/null

echo "Installing$packages for the tests"
export DEBIAN_FRONTEND=noninteractive
log="$(mktemp)"
# shellcheck disable=SC2086
if ! { apt-get update && apt-get install --yes --no-install-recommends $packages; } </dev/null >"$log" 2>&1; then
    tail -n 5 "$log"
    echo "could not install$packages; the tests that need them will be skipped"
fi
rm -f "$log"
case $packages in *postfix*) update-rc.d postfix disable >/dev/null 2>&1 ;; esac
exit 0
