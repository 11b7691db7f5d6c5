# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The guest's side of the boot case of test/build/run: modules that `mkpatch build` has made, on top of
# each other and in place of each other. Prints what is wrong.

# shellcheck source=scripts/kernel/guest.sh
. /guest.sh

# see WHEN VERSION CMDLINE STATUS: the first word of the one, the last one of the other, and what
# the module says.
see()
{
	local version cmdline status

	version=$(cut -d' ' -f1 /proc/version)
	cmdline=$(awk '{ print $NF }' /proc/cmdline)
	mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
	status=$(cat /proc/sys/fs/binfmt_misc/status)
	umount /proc/sys/fs/binfmt_misc
	[ "$version/$cmdline/$status" = "$2/$3/$4" ] || {
		echo "$1: $version/$cmdline/$status, not $2/$3/$4"
		return 1
	}
}

walk()
{
	insmod mkpatch_core.ko && insmod binfmt_misc.ko || return
	see before Linux rdinit=/init enabled || return
	klp_load several.ko several && see several Other word 'enabled, too' || return
	# On top: both are there, and the last one holds until it goes.
	klp_load stacked.ko stacked && see stacked Other two 'enabled, too' || return
	[ "$(cat /sys/kernel/livepatch/several/enabled)" = 1 ] || {
		echo "a patch that does not replace has replaced another one"
		return 1
	}
	klp_unload stacked stacked && see 'several again' Other word 'enabled, too' || return
	# In place: all of it, with what the old one did and the new one does not.
	klp_load cumulative.ko cumulative && klp_wait several 0 || return
	see cumulative Linux three enabled && module_remove several || return
	[ "$(cat /sys/kernel/mkpatch/cumulative/state)" = enabled ] || {
		echo "the core module does not list the patch as enabled"
		return 1
	}
	klp_unload cumulative cumulative && see after Linux rdinit=/init enabled
}

walk && log_check
