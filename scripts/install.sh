#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# install.sh install|uninstall FOLDER-OF-THE-BINARIES, with PREFIX and DESTDIR from the environment.
#
# Copies the result of a build: stripped binaries, manual pages, completions, systemd units, documents and examples.
# It never builds or installs packages. If a binary or a library is missing, it prints the name and writes nothing.
set -eu
action=${1:?usage: install.sh install|uninstall FOLDER}
built=${2:?usage: install.sh install|uninstall FOLDER}
prefix=${PREFIX:-/usr/local}
root=${DESTDIR:-}$prefix
tools="kwatch natswatch wfilter wfanout"
cd "$(dirname "$0")/.."

bash_completions=$root/share/bash-completion/completions
fish_completions=$root/share/fish/vendor_completions.d
units=$root/lib/systemd/system
libexec=$root/lib/watchutils
documents=$root/share/doc/watchutils
# zsh reads site-functions below /usr/local, and vendor-completions below /usr.
case $prefix in
/usr) zsh_completions=$root/share/zsh/vendor-completions ;;
*) zsh_completions=$root/share/zsh/site-functions ;;
esac

refuse() {
  printf 'make install: %s\n' "$@" >&2
  exit 69
}

check() {
  for tool in $tools; do
    [ -x "$built/$tool" ] || refuse "$built/$tool does not exist: run 'make build' first, as the user who has Swift"
    missing=$(ldd "$built/$tool" | awk '/not found/ { print $1 }' | paste -sd' ' -)
    [ -z "$missing" ] || refuse "$tool needs libraries that this machine does not have: $missing" \
      "run 'make dependencies' first"
  done
  ! grep -q 'was built without TLS' "$built/wfanout" ||
    refuse "$built/wfanout is the one of 'make demo', without TLS: run 'make build' first, as the user who has Swift"
}

install_all() {
  check
  install -d "$root/bin" "$root/share/man/man1" "$root/share/man/man7" "$bash_completions" "$zsh_completions" \
    "$fish_completions" "$units" "$libexec" "$documents/docs" "$documents/examples"
  for tool in $tools; do
    # Renamed into place, so that a running tool keeps its file and no process finds a partial one.
    strip --remove-section=.comment -o "$root/bin/.$tool.new" "$built/$tool"
    chmod 755 "$root/bin/.$tool.new"
    mv "$root/bin/.$tool.new" "$root/bin/$tool"
    "$root/bin/$tool" --generate-completion-script bash >"$bash_completions/$tool"
    "$root/bin/$tool" --generate-completion-script zsh >"$zsh_completions/_$tool"
    "$root/bin/$tool" --generate-completion-script fish >"$fish_completions/$tool.fish"
  done
  install -m 644 man/*.1 "$root/share/man/man1/"
  install -m 644 man/*.7 "$root/share/man/man7/"
  for unit in dist/systemd/*; do
    sed "s|/usr/bin/|${prefix%/}/bin/|g; s|/usr/lib/watchutils/|${prefix%/}/lib/watchutils/|g" "$unit" >"$units/$(basename "$unit")"
    chmod 644 "$units/$(basename "$unit")"
  done
  install -m 755 dist/libexec/* "$libexec/"
  install -m 644 README.md CHANGELOG.md SECURITY.md LICENSE "$documents/"
  # In a folder docs, as in the repository, so that links between documents work here too.
  install -m 644 docs/* "$documents/docs/"
  # Examples keep their folders and their execute permission.
  (cd examples && find . -type d -exec install -d "$documents/examples/{}" \; &&
    find . -type f -exec sh -c 'mode=644; [ ! -x "$1" ] || mode=755; install -m $mode "$1" "$2/$1"' sh {} \
      "$documents/examples" \;)
  printf 'make install: installed below %s\n' "$root" >&2
}

uninstall_all() {
  for tool in $tools; do
    rm -f "$root/bin/$tool" "$bash_completions/$tool" "$zsh_completions/_$tool" "$fish_completions/$tool.fish"
  done
  for page in man/*.[17]; do rm -f "$root/share/man/man${page##*.}/$(basename "$page")"; done
  for unit in dist/systemd/*; do rm -f "$units/$(basename "$unit")"; done
  rm -rf "$documents" "$libexec"
  printf 'make uninstall: removed from %s\n' "$root" >&2
}

case $action in
install) install_all ;;
uninstall) uninstall_all ;;
*) echo "install.sh: unknown action '$action': install, uninstall" >&2; exit 64 ;;
esac
