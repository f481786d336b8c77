#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# package.sh deb|tarball FOLDER-OF-THE-BINARIES OUTPUT-FOLDER: packages built binaries, and prints the path of the package.
set -eu
kind=${1:?usage: package.sh deb|tarball BINARIES OUTPUT}
built=$(readlink -f "$2") output=$(readlink -f "$3")
cd "$(dirname "$0")/.."
version=$("$built/wfilter" --version | cut -d' ' -f2)
revision=1 # of the package, of one version
architecture=$(dpkg --print-architecture)
# The build is reproducible: every file has the date of the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
mkdir -p "$output"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

# Prints the shared libraries that the binaries in a folder load, except those of glibc, which every system has.
libraries_of() {
  ldd "$1"/* | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
    grep -vE '/(libc|libm|libdl|libpthread|librt|libresolv|libutil|ld-linux[^/]*)\.so\.[0-9]+$'
}

# Adds the libraries and their licences, so that the tarball only needs glibc.
bundle_libraries() { # bundle_libraries FOLDER
  install -d "$1/lib/watchutils/shared" "$1/share/doc/watchutils/licences"
  for library in $(libraries_of "$1/bin"); do
    install -m 644 "$(readlink -f "$library")" "$1/lib/watchutils/shared/$(basename "$library")"
    # Debian's packages list some files below /lib and others below /usr/lib.
    owner=$(dpkg -S "$(readlink -f "$library")" "/usr$library" "${library#/usr}" 2>/dev/null | sed -n '1s/:.*//p')
    [ -n "$owner" ] || { echo "package.sh: no Debian package owns $library, so its licence is unknown" >&2; exit 69; }
    install -m 644 "/usr/share/doc/$owner/copyright" "$1/share/doc/watchutils/licences/$owner"
  done
  # An RPATH and not a RUNPATH, because it also applies to the dependencies of the libraries.
  patchelf --force-rpath --set-rpath "\$ORIGIN/../lib/watchutils/shared" "$1"/bin/*
}

make_tarball() {
  command -v patchelf >/dev/null || { echo "package.sh: please install patchelf" >&2; exit 69; }
  name=watchutils-$version-linux-$(uname -m)
  # The units name /usr/local. Everything else runs from any folder.
  PREFIX=/usr/local DESTDIR="$work/root" scripts/install.sh install "$built" 2>/dev/null
  mv "$work/root/usr/local" "$work/$name"
  bundle_libraries "$work/$name"
  cp LICENSE README.md "$work/$name/"
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$work" -cf - "$name" |
    gzip -9n >"$output/$name.tar.gz"
  echo "$output/$name.tar.gz"
}

make_deb() {
  root=$work/root
  documents=$root/usr/share/doc/watchutils
  PREFIX=/usr DESTDIR="$root" scripts/install.sh install "$built" 2>/dev/null
  rm "$documents/LICENSE"
  find "$root/usr/share/man" -type f -exec gzip -9n {} +
  mv "$documents/CHANGELOG.md" "$documents/changelog"
  maintainer=$(sed -n 's/^Maintainer: //p' dist/debian/control)
  printf 'watchutils (%s-%s) unstable; urgency=medium\n\n  * Release %s: see changelog.gz.\n\n -- %s  %s\n' "$version" \
    $revision "$version" "$maintainer" "$(date -R -u -d "@$SOURCE_DATE_EPOCH")" >"$documents/changelog.Debian"
  gzip -9n "$documents/changelog" "$documents/changelog.Debian"
  install -m 644 dist/debian/copyright "$documents/copyright"
  install -D -m 644 dist/debian/lintian-overrides "$root/usr/share/lintian/overrides/watchutils"
  # The packages of the libraries that the binaries load, with their minimum versions.
  mkdir -p "$work/debian"
  cp dist/debian/control "$work/debian/control"
  depends=$(cd "$work" && dpkg-shlibdeps -O --ignore-missing-info root/usr/bin/* 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
  mkdir "$root/DEBIAN"
  sed -n '/^Package:/,$p' dist/debian/control |
    sed "s/^Architecture:.*/Architecture: $architecture/; s/\${shlibs:Depends}/$depends/; /^Package:/a Version: $version-$revision" \
      >"$root/DEBIAN/control"
  {
    sed -n 's/^\(Maintainer\|Section\|Priority\|Homepage\):/&/p' dist/debian/control
    echo "Installed-Size: $(du -k -s "$root/usr" | cut -f1)"
  } >"$work/fields"
  sed -i "/^Version:/r $work/fields" "$root/DEBIAN/control"
  (cd "$root" && find usr -type f -exec md5sum {} + | LC_ALL=C sort -k 2 >DEBIAN/md5sums)
  find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  package=$output/watchutils_$version-${revision}_$architecture.deb
  dpkg-deb --root-owner-group -Zxz -z"${DEB_LEVEL:-6}" --build "$root" "$package" >/dev/null
  echo "$package"
}

case $kind in
deb) make_deb ;;
tarball) make_tarball ;;
*) echo "package.sh: unknown kind '$kind': deb, tarball" >&2; exit 64 ;;
esac
