# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The guest's side of test/corpus/behaviour/run. Each line of the file `plan` is "CASE PATCH PATH MODULE...": what
# cases/CASE/guest prints is to be that of the file before, then, while patch module PATCH is
# loaded, that of the file with, and then that of before again. The MODULEs are loaded first.

# shellcheck source=scripts/kernel/guest.sh
. /guest.sh

# modules MODULE...: loads those that are not there.
modules()
{
	local module

	for module in "$@"; do
		[ -d "/sys/module/$(echo "$module" | tr - _)" ] || insmod "targets/$module.ko" || return
	done
}

# observe CASE EXPECTED WHEN: the one line that the case prints.
observe()
{
	local line

	line=$(cd "cases/$1" && sh ./guest 2>&1) || {
		echo "$3: it failed: $line"
		return 1
	}
	[ "$line" = "$(cat "cases/$1/$2")" ] || {
		echo "$3: '$line', not '$(cat "cases/$1/$2")'"
		return 1
	}
}

# try CASE PATCH: says what is wrong.
try()
{
	observe "$1" before before || return
	klp_load "cases/$1/$2.ko" "$2" || return
	observe "$1" with with || return
	klp_unload "$2" "$2" || return
	observe "$1" before after && log_check
}

insmod mkpatch_core.ko || exit 1
status=0
while read -r case patch path needed; do
	# shellcheck disable=SC2086 # several names
	if said=$(modules $needed && try "$case" "$patch"); then
		echo "ok $case: $path: '$(cat "cases/$case/before")', with the patch '$(cat "cases/$case/with")'"
	else
		echo "not ok $case: $path: $said"
		status=1
	fi
	dmesg -c >/dev/null
done <plan
exit "$status"
