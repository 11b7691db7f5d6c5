# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The guest's side of test/corpus/run. Each line of the file `plan` is "NAME PATH [MODULE...]": patch
# module NAME.ko is loaded and unloaded, after the MODULEs, of which the last one is patched. A module
# that finds no device of its own cannot be there; then the patch waits for it, and "without" is said.

# shellcheck source=scripts/kernel/guest.sh
. /guest.sh

# targets MODULE...: "with" the last one loaded, or "without". Not for vmlinux.
targets()
{
	local module

	[ $# -gt 0 ] || return 0
	for module in "$@"; do
		[ -d "/sys/module/$(echo "$module" | tr - _)" ] || insmod "targets/$module.ko" 2>/dev/null
	done
	if [ -d "/sys/module/$(echo "$module" | tr - _)" ]; then
		printf ' with %s' "$module"
	else
		printf ' without %s' "$module"
	fi
}

# try NAME: says what is wrong.
try()
{
	klp_load "$1.ko" "$1" || return
	[ "$(cat "/sys/kernel/mkpatch/$1/state")" = enabled ] || {
		echo "the core module does not list it as enabled"
		return 1
	}
	klp_unload "$1" "$1" && log_check
}

insmod mkpatch_core.ko || exit 1
status=0
while read -r name path modules; do
	# shellcheck disable=SC2086 # several names
	how=$(targets $modules)
	# What the modules themselves have brought about: in 6.1.176 a self-test of ecdh_generic fails.
	GUEST_TAINT_ALLOWED=$((GUEST_TAINT_ALLOWED | $(cat /proc/sys/kernel/tainted)))
	dmesg -c >/dev/null
	if said=$(try "$name"); then
		echo "ok $path$how"
	else
		echo "not ok $path$how: $said"
		status=1
	fi
done <plan
exit "$status"
