# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Functions for scripts that run in the guest of scripts/kernel/boot (busybox sh). Source /guest.sh.
# Each returns 0 on success, and otherwise says what went wrong in one line.

# Taint bits that a live patch explains: out-of-tree module, unsigned module, live patched.
GUEST_TAINT_ALLOWED=$(((1 << 12) | (1 << 13) | (1 << 15)))
GUEST_TIMEOUT=${GUEST_TIMEOUT:-30}

# klp_wait NAME ENABLED: wait until patch NAME has state ENABLED (0 or 1) for every task. A patch
# that is being disabled leaves sysfs when it is done, which counts as reached.
#
# The kernel looks about once a second, on full seconds of its clock; who starts the next transition
# soon after one waits less for it.
klp_wait()
{
	local dir="/sys/kernel/livepatch/$1" left=$((GUEST_TIMEOUT * 20)) transition enabled

	while [ "$left" -gt 0 ]; do
		if [ ! -d "$dir" ]; then
			[ "$2" = 0 ] && return 0
			echo "patch $1 is not in /sys/kernel/livepatch"
			return 1
		fi
		transition=
		enabled=
		{ read -r transition <"$dir/transition" && read -r enabled <"$dir/enabled"; } 2>/dev/null
		[ "$transition $enabled" != "0 $2" ] || return 0
		usleep 50000
		left=$((left - 1))
	done
	echo "patch $1 did not reach enabled=$2 within $GUEST_TIMEOUT s"
	return 1
}

# klp_load FILE.ko NAME: insert the module and wait until its patch NAME is everywhere.
klp_load()
{
	insmod "$1" || {
		echo "insmod $1 failed: $(dmesg | tail -n 3 | tr '\n' ';')"
		return 1
	}
	klp_wait "$2" 1
}

# module_remove MODULE: rmmod, trying again while something still holds the module.
module_remove()
{
	local left=$((GUEST_TIMEOUT * 5))

	while [ "$left" -gt 0 ]; do
		rmmod "$1" 2>/dev/null
		[ -d "/sys/module/$1" ] || return 0
		usleep 200000
		left=$((left - 1))
	done
	echo "module $1 cannot be removed (held $(cat "/sys/module/$1/refcnt") times)"
	return 1
}

# klp_unload MODULE NAME: disable patch NAME, wait until no task uses it, remove its module.
klp_unload()
{
	echo 0 >"/sys/kernel/livepatch/$2/enabled" || {
		echo "patch $2 cannot be disabled"
		return 1
	}
	klp_wait "$2" 0 && module_remove "$1"
}

# log_check: the kernel has said nothing bad since it booted, and is tainted by nothing else than
# being patched. Prints the lines that say otherwise.
log_check()
{
	local bad taint

	bad=$(dmesg | grep -E -e '(WARNING|BUG|KASAN|UBSAN|INFO): |Oops|Call Trace|general protection' \
		-e 'unable to handle|stack segment|kernel panic|Kernel panic|RIP: 0010|scheduling while' \
		-e 'refcount_t:|list_(add|del) corruption|[Uu]nknown symbol|disagrees about version' \
		-e 'livepatch:.*(fail|invalid|unable)|invalid (module|relocation)|Skipping invalid')
	if [ -n "$bad" ]; then
		echo "the kernel's log has: $bad"
		return 1
	fi
	# Not by `read`, which takes a byte at a time: this file gives its first byte only, then.
	taint=$(cat /proc/sys/kernel/tainted)
	if [ $((taint & ~GUEST_TAINT_ALLOWED)) != 0 ]; then
		echo "the kernel is tainted by more than live patching: $taint"
		return 1
	fi
}
