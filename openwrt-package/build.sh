#!/bin/sh
# A static binary for a router: build.sh TARGET [build|run [ARGUMENTS…]|test [CARGO-TEST-ARGUMENTS…]]
#
# build  target/cross/TARGET/uwand, stripped, the same bytes from the same commit on any machine
# run    what was built, under an emulator of that router's processor
# test   the tests, likewise
#
# What it needs is unpacked into UWAND_TOOLCHAIN (default: uwand/toolchain in the user's cache) by
# toolchain.sh; crates come by cargo as always.
set -eu

case "${1-}" in
armv7-unknown-linux-musleabihf | mips-unknown-linux-musl | mipsel-unknown-linux-musl | \
	aarch64-unknown-linux-musl | x86_64-unknown-linux-musl) ;;
*)
	cat >&2 <<'END'
usage: build.sh TARGET [build|run|test [ARGUMENTS…]]
  armv7-unknown-linux-musleabihf   Turris Omnia and other Cortex-A boards
  mips-unknown-linux-musl          ath79 (big endian, no FPU)
  mipsel-unknown-linux-musl        ramips: mt7620, mt7621, mt76x8
  aarch64-unknown-linux-musl       64-bit ARM
  x86_64-unknown-linux-musl        PCs
END
	exit 2
	;;
esac
target=$1
what=${2-build}
[ $# -lt 2 ] || shift
shift

here=$(cd "$(dirname "$0")" && pwd)
project=$(dirname "$here")
export UWAND_TARGET="$target"
export UWAND_TOOLCHAIN="${UWAND_TOOLCHAIN:-${XDG_CACHE_HOME:-$HOME/.cache}/uwand/toolchain}"
"$here/toolchain.sh" "$UWAND_TOOLCHAIN"
UWAND_TOOLCHAIN=$(cd "$UWAND_TOOLCHAIN" && pwd)
case "$UWAND_TOOLCHAIN $project" in
*[[:space:]]*[[:space:]]*)
	echo "build.sh: the compiler's directory and the project's may have no blank in their names" >&2
	exit 2
	;;
esac
root=$UWAND_TOOLCHAIN/root

case "$target" in
armv7-*) emulator="qemu-arm-static -cpu cortex-a9,neon=off" ;;
mips-*) emulator="qemu-mips-static -cpu 24Kc" ;;
mipsel-*) emulator="qemu-mipsel-static -cpu 24KEc" ;;
aarch64-*) emulator="qemu-aarch64-static -cpu cortex-a53" ;;
x86_64-*) emulator= ;;
esac

# On MIPS a dynamic binary is the default; the linker brings its own start files.
flags="-C target-feature=+crt-static -C link-self-contained=no"
case "$target" in
armv7-* | mips*)
	# 64-bit time on 32 bits: without these the clock ends in 2038. Both names are unstable in
	# the libc crate: the first is for std's copy of it, the second for ours.
	export RUST_LIBC_UNSTABLE_MUSL_V1_2_3=1
	flags="$flags --cfg=libc_unstable_time64"
	;;
esac

name=$(echo "$target" | tr 'a-z-' 'A-Z_')
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET RUSTUP_TOOLCHAIN RUSTC_WRAPPER
export RUSTC="$here/tools/rustc" RUSTDOC="$here/tools/rustdoc"
export CARGO_TARGET_DIR="$project/target/cross"
export "CARGO_TARGET_${name}_LINKER=$here/tools/musl-cc"
[ -z "$emulator" ] || export "CARGO_TARGET_${name}_RUNNER=$root/usr/bin/$emulator"

xcargo() {
	(cd "$project" && LD_LIBRARY_PATH="$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/cargo" "$@")
}

# Paths of this machine stay out of the binary; no tables for unwinding, which an abort never uses.
build() {
	registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
	flags="$flags -C relocation-model=static -C force-unwind-tables=no"
	# A panic is one trapping instruction, whose address linux/crash.rs tells; the symbols beside the
	# binary name the place. Its words would be a twentieth of the file.
	flags="$flags -Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zfmt-debug=shallow"
	# Passes that move code about for speed, or out of sight to be shared, leave less that repeats for
	# xz to find; and what a table of jumps saves in code it costs as data.
	for pass in disable-post-ra disable-lsr disable-machine-licm disable-block-placement \
		disable-constant-hoisting enable-pre=false enable-load-pre=false \
		disable-machine-cse pre-RA-sched=source min-jump-table-entries=1000; do
		flags="$flags -Cllvm-args=-$pass"
	done
	export UWAND_LINK=small
	case "$target" in
	# Addresses in the instructions, the same wherever they are used, in place of pools of them.
	armv7-*) flags="$flags -C target-feature=+thumb-mode,+execute-only" ;;
	esac
	flags="$flags --remap-path-prefix=$registry/=/cargo/ --remap-path-prefix=$project/=/uwand/"
	flags="$flags --remap-path-prefix=$root/usr/lib/rustlib/src/rust/=/rust/"
	flags="$flags --remap-path-prefix=$(echo "$root"/usr/src/rustc-*/)=/rust/"
	export "CARGO_TARGET_${name}_RUSTFLAGS=$flags"
	SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0}
	export SOURCE_DATE_EPOCH CARGO_PROFILE_RELEASE_STRIP=none
	xcargo build --quiet --release --locked --bin uwand --target "$target" \
		-Zbuild-std=std -Zbuild-std-features=optimize_for_size
	# What cargo built keeps its symbols, to see where the bytes are. .pdr is MIPS's table for
	# debuggers, which stripping leaves in.
	built=$CARGO_TARGET_DIR/$target/release/uwand
	LD_LIBRARY_PATH="$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/x86_64-linux-gnu-objcopy" --strip-all \
		-R .pdr -R .comment -R '.mdebug.*' "$built" "$CARGO_TARGET_DIR/$target/uwand"
	wc -c "$CARGO_TARGET_DIR/$target/uwand" | sed "s|$project/||"
}

test_() {
	export "CARGO_TARGET_${name}_RUSTFLAGS=$flags"
	# Symbolising under emulation takes seconds a panic.
	export RUST_BACKTRACE=0
	xcargo test --locked --target "$target" \
		-Zbuild-std=std -Zbuild-std-features=panic-unwind,backtrace "$@"
}

case "$what" in
build) build ;;
run)
	# shellcheck disable=SC2086
	exec ${emulator:+"$root/usr/bin/"$emulator} "$CARGO_TARGET_DIR/$target/uwand" "$@"
	;;
test) test_ "$@" ;;
*) echo "build.sh: $what is none of build, run, test" >&2; exit 2 ;;
esac
