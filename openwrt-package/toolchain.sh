#!/bin/sh
# Puts the cross compiler together: toolchain.sh DIRECTORY
#
# Debian's packages of toolchain.pins are unpacked there, not installed: no root is needed, and
# nothing else on the machine changes. A second run finds all there and does nothing.
#
# A package whose pinned version is gone is taken as Debian has it now (apt checks its signature),
# and said so: then sizes and hashes may differ from a release's.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }

fail() { echo "toolchain: $*" >&2; exit 1; }

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "the pinned compiler runs on x86_64 Linux only"
for tool in apt-get dpkg-deb python3 sha256sum flock; do
	command -v "$tool" >/dev/null || fail "needs $tool; on Debian: apt-get install python3-pip util-linux"
done

mkdir -p "$1"
dir=$(cd "$1" && pwd)
exec 9>"$dir/lock"
flock 9
stamp=$(cat "$0" "$here/toolchain.pins" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$dir/stamp" 2>/dev/null || true)" = "$stamp" ]; then
	exit 0
fi
rm -rf "$dir/stamp" "$dir/root" "$dir/zig" "$dir/packages"
mkdir -p "$dir/root" "$dir/zig" "$dir/packages"
echo "toolchain: unpacking into $dir (about 300 MB to download, 1.2 GB on disk)" >&2

checked() { # FILE SHA256
	echo "$2  $1" | sha256sum --status -c - || fail "$1 is not the pinned file (SHA-256 differs)"
}

# fetch NAME VERSION SHA256: the package's file in packages/NAME.deb
fetch() {
	rm -rf "$dir/packages/new"
	mkdir "$dir/packages/new"
	if (cd "$dir/packages/new" && apt-get -qq download "$1=$2") >"$dir/packages/log" 2>&1; then
		checked "$(echo "$dir"/packages/new/*.deb)" "$3"
	elif (cd "$dir/packages/new" && apt-get -qq download "$1") >>"$dir/packages/log" 2>&1; then
		echo "toolchain: $1 $2 is gone, using $(cd "$dir/packages/new" && echo *.deb): not the pinned compiler" >&2
	else
		cat "$dir/packages/log" >&2
		fail "no package $1: run apt-get update, on Debian 12 (the lists must have $1 $2)"
	fi
	mv "$dir/packages/new/"*.deb "$dir/packages/$1.deb"
}

unpack() { # NAME [PATH…]: all of it, or these paths only
	name=$1
	shift
	dpkg-deb --fsys-tarfile "$dir/packages/$name.deb" | tar -x -C "$dir/root" --wildcards "$@" ||
		fail "$name does not unpack"
	rm "$dir/packages/$name.deb"
}

while read -r name version sum; do
	case "$name" in
	'#'* | '') ;;
	pypi:*)
		echo "${name#pypi:}==$version --hash=sha256:$sum" >"$dir/packages/requirements"
		python3 -m pip -q --disable-pip-version-check install --root-user-action=ignore --no-deps \
			--only-binary :all: --require-hashes --target "$dir/zig" -r "$dir/packages/requirements" ||
			fail "${name#pypi:} $version does not install: pip is needed (apt-get install python3-pip)"
		;;
	*)
		fetch "$name" "$version" "$sum"
		case "$name" in
		qemu-user-static) unpack "$name" './usr/bin/qemu-arm-static' './usr/bin/qemu-mips*-static' \
			'./usr/bin/qemu-aarch64-static' './usr/bin/qemu-x86_64-static' ;;
		lld-22) unpack "$name" './usr/lib/llvm-22/bin/*' ;;
		rust-web-src) unpack "$name" './usr/lib/*' './usr/src/rustc-*/library/*' './usr/src/rustc-*/Cargo.*' ;;
		*) unpack "$name" ;;
		esac
		;;
	esac
done <"$here/toolchain.pins"

"$here/tools/rustc" --version >/dev/null || fail "the compiler does not run"
echo "$stamp" >"$dir/stamp"
