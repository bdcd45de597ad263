#!/bin/sh
# Lays out the router's tree: install.sh BINARY DESTDIR
#
# Every package is made from this tree, and "install.sh uwand /" puts it on a running system.
# A configuration that is there already is left as it is.
set -eu

if [ $# -ne 2 ] || [ -z "$2" ]; then
	echo "usage: $0 BINARY DESTDIR" >&2
	exit 2
fi
binary=$1
dest=${2%/}
files=$(cd "$(dirname "$0")/../files" && pwd)

if [ ! -f "$binary" ]; then
	echo "$0: $binary is not there; build it first" >&2
	exit 1
fi

umask 022

# put MODE SOURCE TARGET: by renaming, because a running program's file can't be written to.
put() {
	mkdir -p "$dest${3%/*}"
	rm -f "$dest$3.new"
	cp "$2" "$dest$3.new"
	chmod "$1" "$dest$3.new"
	mv -f "$dest$3.new" "$dest$3"
}

put 0755 "$binary" /usr/sbin/uwand
put 0755 "$files/lib/netifd/proto/uwand.sh" /lib/netifd/proto/uwand.sh
put 0755 "$files/etc/init.d/uwand" /etc/init.d/uwand
put 0644 "$files/usr/share/acl.d/uwand.json" /usr/share/acl.d/uwand.json
[ -e "$dest/etc/config/uwand" ] || put 0644 "$files/etc/config/uwand" /etc/config/uwand
