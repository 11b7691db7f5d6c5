# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The guest's side of test/kernel/run: for each line `CASE MODULE` of the list, look at the
# behaviour, load the patch, look again, unload it, look once more. Prints ok/not ok lines.

# shellcheck source=scripts/kernel/guest.sh
. /guest.sh

expected()
{
	sed -n "s/^$2 \{0,1\}//p" "cases/$1/expect"
}

# observe CASE PHASE EXPECTED: run the behaviour script, compare what it prints.
observe()
{
	local got

	[ -e "cases/$1/behaviour" ] || return 0
	got=$(sh "cases/$1/behaviour" "$2" 2>&1)
	[ "$got" = "$3" ] || {
		echo "$2 the patch '$got' instead of '$3'"
		return 1
	}
}

# after_text CASE: what is expected when the patch is gone: as before, unless the case says else.
after_text()
{
	if grep -q '^after' "cases/$1/expect"; then
		expected "$1" after
	else
		expected "$1" before
	fi
}

try_case()
{
	observe "$1" before "$(expected "$1" before)" || return 1
	klp_load "$2.ko" "$2" || return 1
	observe "$1" with "$(expected "$1" with)" || {
		klp_unload "$2" "$2"
		return 1
	}
	if [ "$(expected "$1" flavour)" = core ]; then
		[ "$(cat "/sys/kernel/mkpatch/$2/state")" = enabled ] || {
			echo "the core module does not list the patch as enabled"
			return 1
		}
	fi
	klp_unload "$2" "$2" || return 1
	observe "$1" after "$(after_text "$1")"
}

insmod mkpatch_core.ko || echo "cannot load mkpatch_core"
clean=1
# The list is not on standard input, which the commands of the cases have.
while read -r name module <&3; do
	why=$(try_case "$name" "$module" | tr '\n' ' ')
	if [ -z "$why" ] && [ "$clean" = 1 ]; then
		why=$(log_check | tr '\n' ' ')
		# Blame the first case only: what is in the log stays there.
		[ -z "$why" ] || clean=0
	fi
	if [ -z "$why" ]; then
		echo "ok $name"
	else
		echo "not ok $name: $why"
	fi
done 3<list
module_remove mkpatch_core
if why=$(log_check); then
	echo "ok the kernel log"
else
	echo "not ok the kernel log: $(echo "$why" | head -n 5 | tr '\n' ' ')"
	dmesg | tail -n 200
fi
