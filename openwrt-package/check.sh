#!/bin/sh
# Whether a router's binary may be shipped: check.sh [--record] TARGET…
#
# Each is built, is static, is no larger than a router's flash is asked for and no more than 3 %
# larger than `sizes` says, tells its version and connects in the demo's world, under an emulator.
# --record writes the sizes anew.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
project=$(dirname "$here")
record=
if [ "${1-}" = --record ]; then
	record=1
	shift
fi
[ $# -gt 0 ] || { echo "usage: $0 [--record] TARGET…" >&2; exit 2; }

passed=0
failed=0
ok() { passed=$((passed + 1)); echo "ok $target: $*"; }
bad() { failed=$((failed + 1)); echo "FAILED $target: $*"; }

# The most that a router's flash is asked for: bytes of the file, of it as xz.
most() {
	case "$1" in
	armv7-*) echo 1048576 409600 ;;
	mips-*) echo 1572864 409600 ;;
	*) echo 0 0 ;;
	esac
}

# size NAME BYTES RECORDED MOST; nothing recorded or no limit: 0
size() {
	if [ "$4" -gt 0 ] && [ "$2" -gt "$4" ]; then
		bad "$1 is $2 bytes, the most is $4"
	elif [ "$3" -gt 0 ] && [ $(($2 * 100)) -gt $(($3 * 103)) ]; then
		bad "$1 is $2 bytes, more than 3 % over the recorded $3 (check.sh --record, if it is worth it)"
	else
		ok "$1 is $2 bytes, recorded $3, at most $4"
	fi
}

sizes() {
	binary=$project/target/cross/$target/uwand
	file=$(wc -c <"$binary")
	xz=$(xz -9e -c "$binary" | wc -c)
	recorded=$(sed -n "s/^$target //p" "$here/sizes" 2>/dev/null)
	if [ -n "$record" ]; then
		recorded="$file $xz"
		{ grep -v "^$target " "$here/sizes" || true; echo "$target $file $xz"; } >"$here/sizes.new"
		LC_ALL=C sort "$here/sizes.new" >"$here/sizes"
		rm "$here/sizes.new"
	fi
	# shellcheck disable=SC2046
	set -- ${recorded:-0 0} $(most "$target")
	size "the file" "$file" "$1" "$3"
	size "as xz" "$xz" "$2" "$4"
}

runs() {
	told=$("$here/build.sh" "$target" run --version) || told="exit status $?"
	case "$told" in
	"uwand "[0-9]*) ok "$told" ;;
	*) bad "--version says '$told'" ;;
	esac
	# A program of one word, as the demo wants it.
	printf '#!/bin/sh\nexec "%s" %s run "$@"\n' "$here/build.sh" "$target" >"$work/uwand"
	chmod +x "$work/uwand"
	(cd "$project" && cargo build --quiet --example demo)
	if UWAND_BIN="$work/uwand" timeout 120 "$project/target/debug/examples/demo" --no-namespace >"$work/demo" 2>&1 &&
		grep -q "All as it should be" "$work/demo"; then
		ok "connects in the demo's world"
	else
		bad "the demo's world:"
		tail -n 20 "$work/demo"
	fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for target; do
	if ! "$here/build.sh" "$target"; then
		bad "does not build"
		continue
	fi
	case "$(file "$project/target/cross/$target/uwand")" in
	*"statically linked"*stripped*) ok "statically linked, stripped" ;;
	*) bad "$(file "$project/target/cross/$target/uwand")" ;;
	esac
	sizes
	runs
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
