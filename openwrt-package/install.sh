#!/bin/sh
# Lays out the router's tree: install.sh BINARY DESTDIR [uwand|luci-app-uwand]
#
# With a third word only the files of that package; the pages need no BINARY: give it as "-".
# Every package is made from this tree, and "install.sh uwand /" puts it on a running system.
# A configuration that is there already is left as it is.
set -eu

if [ $# -lt 2 ] || [ $# -gt 3 ] || [ -z "$2" ]; then
	echo "usage: $0 BINARY DESTDIR [uwand|luci-app-uwand]" >&2
	exit 2
fi
binary=$1
dest=${2%/}
only=${3-}
here=$(cd "$(dirname "$0")" && pwd)
files=$here/../files
pages=$here/../luci-app

case "$only" in
'' | uwand)
	if [ ! -f "$binary" ]; then
		echo "$0: $binary is not there; build it first" >&2
		exit 1
	fi
	;;
luci-app-uwand) ;;
*)
	echo "$0: $only is neither uwand nor luci-app-uwand" >&2
	exit 2
	;;
esac

umask 022

# put MODE SOURCE TARGET: by renaming, because a running program's file can't be written to.
put() {
	mkdir -p "$dest${3%/*}"
	rm -f "$dest$3.new"
	cp "$2" "$dest$3.new"
	chmod "$1" "$dest$3.new"
	mv -f "$dest$3.new" "$dest$3"
}

# put_all DIRECTORY TARGET: every file below it, programs as such.
put_all() {
	(cd "$1" && find . -type f | LC_ALL=C sort) | while read -r name; do
		name=${name#.}
		if [ -x "$1$name" ]; then mode=0755; else mode=0644; fi
		[ "$name" = /etc/config/uwand ] && [ -e "$dest$name" ] || put "$mode" "$1$name" "$2$name"
	done
}

if [ "$only" != luci-app-uwand ]; then
	put 0755 "$binary" /usr/sbin/uwand
	put_all "$files" ""
fi
if [ "$only" != uwand ]; then
	put_all "$pages/htdocs" /www
	put_all "$pages/root" ""
fi
