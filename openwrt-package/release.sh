#!/bin/sh
# All that a release has: release.sh OUTDIR
#
# For each kind of router the static binary and its .ipk packages, the pages' package, the symbols
# that belong to each binary, and the checksums of all of it.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
project=$(dirname "$here")
mkdir -p "$1"
out=$(cd "$1" && pwd)
[ -z "$(ls -A "$out")" ] || { echo "$0: $out is not empty" >&2; exit 1; }
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$project" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$project/Cargo.toml" | head -n 1)

# The names that OpenWrt has for processors that run the binary. Not arm_cortex-a9: no FPU there.
architectures() {
	case "$1" in
	armv7-*) echo arm_cortex-a9_vfpv3-d16 arm_cortex-a5_vfpv4 arm_cortex-a7_neon-vfpv4 arm_cortex-a7_vfpv4 \
		arm_cortex-a8_vfpv3 arm_cortex-a9_neon arm_cortex-a15_neon-vfpv4 ;;
	mips-*) echo mips_24kc ;;
	mipsel-*) echo mipsel_24kc mipsel_74kc ;;
	aarch64-*) echo aarch64_generic aarch64_cortex-a53 aarch64_cortex-a72 aarch64_cortex-a76 ;;
	x86_64-*) echo x86_64 ;;
	esac
}

for target in armv7-unknown-linux-musleabihf mips-unknown-linux-musl mipsel-unknown-linux-musl \
	aarch64-unknown-linux-musl x86_64-unknown-linux-musl; do
	"$here/build.sh" "$target"
	cp "$project/target/cross/$target/uwand" "$out/uwand-$version-$target"
	xz -9e -c "$project/target/cross/$target/release/uwand" >"$out/uwand-$version-$target.symbols.xz"
	for arch in $(architectures "$target"); do
		"$here/package.sh" uwand "$out/uwand-$version-$target" "$arch" "$out"
	done
done
"$here/package.sh" luci-app-uwand - all "$out"
(cd "$out" && LC_ALL=C sha256sum -- * >SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS)
echo "$out: $(wc -l <"$out/SHA256SUMS") files"
