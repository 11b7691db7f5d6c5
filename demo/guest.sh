# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# What `make demo` does inside the guest: the behaviour of /proc/cmdline before, with and after the
# live patch, for a module that stands alone and for one that registers with the core module.

# shellcheck source=scripts/kernel/guest.sh
. /guest.sh

OPEN='demo.password=hunter2 mirror.password=xyzzy'
HIDDEN='demo.password=******** mirror.password=********'
failed=0

fail()
{
	echo "FAILED: $*"
	failed=1
}

# show TEXT EXPECTED: print /proc/cmdline, whose end must be EXPECTED.
show()
{
	local line

	line=$(cat /proc/cmdline)
	printf '  %-7s %s\n' "$1" "$line"
	case $line in
	*" $2") ;;
	*) fail "expected: ... $2" ;;
	esac
}

# The patch's static counter starts at zero with each module, so each says its line once.
told_times()
{
	dmesg | grep -c 'proc: hid a password from cat'
}

cycle()
{
	show before "$OPEN"
	klp_load "$1.ko" "$1" || fail "cannot load $1"
	show with "$HIDDEN"
	show again "$HIDDEN"
	if [ -d /sys/kernel/mkpatch ]; then
		echo "  core    $1 $(cat "/sys/kernel/mkpatch/$1/state"):" \
			"$(cat "/sys/kernel/mkpatch/$1/functions")"
	fi
	klp_unload "$1" "$1" || fail "cannot unload $1"
	show after "$OPEN"
}

echo
echo "/proc/cmdline of Linux $(uname -r), standalone patch"
cycle hide_passwords
[ "$(told_times)" = 1 ] || fail "the first patch spoke $(told_times) times, not once"
echo
echo "/proc/cmdline of Linux $(uname -r), patch with the core module"
insmod mkpatch_core.ko || fail "cannot load the core module"
cycle hide_passwords_core
[ "$(told_times)" = 2 ] || fail "both patches spoke $(told_times) times, not once each"
module_remove mkpatch_core || fail "cannot unload the core module"
echo
echo "What the kernel said:"
dmesg | grep -E 'livepatch|LIVEPATCH|mkpatch|hide_passwords|proc: hid'
log_check || fail "the kernel's log is not clean"
echo "taint: $(cat /proc/sys/kernel/tainted) (out-of-tree 4096, unsigned 8192, livepatch 32768)"
exit "$failed"
