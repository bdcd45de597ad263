#!/bin/sh
# Makes an .ipk (OpenWrt to 24.10, Turris OS): package.sh uwand BINARY ARCHITECTURE OUTDIR
#                                              package.sh luci-app-uwand - all OUTDIR
#
# The same bytes from the same files: order, owners and times are fixed; SOURCE_DATE_EPOCH is the
# time that every file gets, by default that of the last commit.
#
# Why no .apk (OpenWrt 25.12 and later)? Its third format is written by apk-tools 3 only, which no
# distribution to build on packages yet; OpenWrt's own build system does it from Makefile.
set -eu

usage() {
	echo "usage: $0 uwand BINARY ARCHITECTURE OUTDIR | $0 luci-app-uwand - all OUTDIR" >&2
	exit 2
}

[ $# -eq 4 ] || usage
package=$1
binary=$2
arch=$3
here=$(cd "$(dirname "$0")" && pwd)
project=$(dirname "$here")
mkdir -p "$4"
out=$(cd "$4" && pwd)

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$project/Cargo.toml" | head -n 1)-r${PKG_RELEASE:-1}
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$project" log -1 --format=%ct 2>/dev/null || echo 0)}
case "$package" in
uwand)
	# A static binary: of the C library it needs nothing. The modules are those of the two ways to
	# speak to a modem, of its AT ports, and of the VLAN and mux devices of several connections.
	depends="kmod-usb-net-cdc-mbim, kmod-usb-net-qmi-wwan, kmod-usb-serial-option, kmod-usb-serial-wwan, kmod-usb-serial-qualcomm"
	section=net
	title="Cellular WAN daemon: netifd protocol handler for MBIM and QMI modems, with a watchdog"
	;;
luci-app-uwand)
	depends="uwand, luci-base, uhttpd-mod-ubus"
	section=luci
	title="LuCI pages of uwand: set up a cellular modem, see it live, understand an outage"
	;;
*) usage ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
mkdir "$work/data" "$work/control"
sh "$here/install.sh" "$binary" "$work/data" "$package"

# Bytes of the files, whatever blocks the file system here has.
size=$(find "$work/data" -type f -exec cat {} + | wc -c)
cat >"$work/control/control" <<END
Package: $package
Version: $version
Depends: $depends
Source: $package
License: Apache-2.0 OR MIT
Section: $section
SourceDateEpoch: $epoch
Architecture: $arch
Installed-Size: $size
Description: $title
END

# What OpenWrt's build system writes: the work is done by default_postinst of /lib/functions.sh,
# which enables and starts what is in /etc/init.d, and then runs our own "-pkg" part.
for script in postinst prerm; do
	cat >"$work/control/$script" <<END
#!/bin/sh
[ "\${IPKG_NO_SCRIPT}" = "1" ] && exit 0
[ -s "\${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "\${IPKG_INSTROOT}/lib/functions.sh"
default_$script "\$0" "\$@"
END
	chmod 0755 "$work/control/$script"
done
cp "$here/control/$package.postinst-pkg" "$work/control/postinst-pkg"
chmod 0755 "$work/control/postinst-pkg"
[ "$package" = luci-app-uwand ] || echo /etc/config/uwand >"$work/control/conffiles"

# pack FILE NAMES…: a .tar.gz of what is in the current directory
pack() {
	file=$1
	shift
	tar --format=gnu --numeric-owner --owner=0 --group=0 --sort=name --mtime="@$epoch" -cf - "$@" |
		gzip -9n >"$file"
}

(cd "$work/data" && pack "$work/data.tar.gz" .)
(cd "$work/control" && pack "$work/control.tar.gz" .)
echo 2.0 >"$work/debian-binary"
(cd "$work" && pack "$out/${package}_${version}_$arch.ipk" ./debian-binary ./data.tar.gz ./control.tar.gz)
echo "$out/${package}_${version}_$arch.ipk"
