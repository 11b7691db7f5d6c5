# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The guest's side of test/kernel/run: for each line `CASE MODULE [SHIPPED.ko...]` of the list, look
# at the behaviour, load the patch, look again, unload it, look once more. Then the cases that are
# composed of others. Prints ok/not ok lines.

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

# try_patch CASE MODULE: from no patch to none.
try_patch()
{
	observe "$1" before "$(expected "$1" before)" || return 1
	klp_load "$2.ko" "$2" || return 1
	if ! patched_object "$1" "$2" 1 || ! observe "$1" with "$(expected "$1" with)"; then
		klp_unload "$2" "$2"
		return 1
	fi
	if [ "$(expected "$1" flavour)" = core ]; then
		[ "$(cat "/sys/kernel/mkpatch/$2/state")" = enabled ] || {
			echo "the core module does not list the patch as enabled"
			return 1
		}
	fi
	klp_unload "$2" "$2" || return 1
	observe "$1" after "$(after_text "$1")"
}

# patch_waits CASE MODULE TARGET: the target is loaded, and is patched from then on.
patch_waits()
{
	insmod "$3.ko" && patched_object "$1" "$2" 1 && observe "$1" with "$(expected "$1" with)"
}

# Whether a patched module can be loaded again: since 6.3. Before, see try_reload.
reloads_patched()
{
	uname -r | awk -F. '{ exit !($1 > 6 || ($1 == 6 && $2 >= 3)) }'
}

# try_patch_first CASE MODULE: the patch waits for the module that it is for, and waits again if that
# goes and comes back.
try_patch_first()
{
	local target

	target=$(expected "$1" module)
	klp_load "$2.ko" "$2" || return 1
	if ! patched_object "$1" "$2" 0 || ! patch_waits "$1" "$2" "$target" ||
		{ reloads_patched && ! { module_remove "$target" && patch_waits "$1" "$2" "$target"; }; }; then
		klp_unload "$2" "$2"
		return 1
	fi
	klp_unload "$2" "$2" || return 1
	observe "$1" after "$(after_text "$1")"
}

# patched_object CASE MODULE PATCHED: the kernel says whether the case's module is patched.
patched_object()
{
	local target got

	target=$(expected "$1" module)
	[ -n "$target" ] || return 0
	got=$(cat "/sys/kernel/livepatch/$2/$target/patched" 2>&1)
	[ "$got" = "$3" ] || {
		echo "/sys/kernel/livepatch/$2/$target/patched is $got, not $3"
		return 1
	}
}

# load_shipped FILE...: the kernel's own modules, in this order; one may be there already.
load_shipped()
{
	local file name

	for file in "$@"; do
		name=$(echo "${file%.ko}" | tr - _)
		[ -d "/sys/module/$name" ] || insmod "$file" || {
			echo "insmod $file failed"
			return 1
		}
	done
}

try_case()
{
	local name=$1 module=$2 target status

	shift 2
	load_shipped "$@" || return 1
	target=$(expected "$name" module)
	if [ -z "$target" ]; then
		try_patch "$name" "$module"
		return
	fi
	try_patch "$name" "$module" && module_remove "$target" && try_patch_first "$name" "$module"
	status=$?
	module_remove "$target" && return "$status"
}

# log_mark, log_since: what the kernel says from here on. insmod tries what was refused once more
# by the older system call, so that the kernel says it twice.
log_mark()
{
	echo "mkpatch-test: $1" >/dev/kmsg
}

log_since()
{
	dmesg | sed "1,/mkpatch-test: $1\$/d; s/^\[[^]]*\] //" | uniq
}

# The kernel refuses a module that was not finalized, and nothing is left of it.
try_unfinalized()
{
	local said

	log_mark unfinalized
	if insmod raw_module.ko 2>/dev/null; then
		klp_unload raw_module raw_module
		echo "the kernel took it"
		return 1
	fi
	if [ -d /sys/module/raw_module ] || [ -d /sys/kernel/livepatch/raw_module ]; then
		echo "it was refused, but is there"
		return 1
	fi
	said=$(log_since unfinalized)
	[ "$said" = 'livepatch: module raw_module is not marked as a livepatch module' ] || {
		echo "the kernel said: $said"
		return 1
	}
}

# replace_by CASE OLD NEW: load NEW over OLD, which is disabled by that and can go.
replace_by()
{
	klp_load "$3.ko" "$3" && klp_wait "$2" 0 || return 1
	observe "$1" with "$(expected "$1" with)" || return 1
	module_remove "$2" || return 1
	if [ "$(ls /sys/kernel/livepatch)" != "$3" ]; then
		echo "$3 should be the only patch: $(ls /sys/kernel/livepatch)"
		return 1
	fi
}

# Both flavours of a patch: the one that stands alone, the one with the core module, and back.
try_replace()
{
	local name=devices-extended alone=case_devices_extended

	klp_load $alone.ko $alone && replace_by $name $alone core_flavour || return 1
	[ "$(cat /sys/kernel/mkpatch/core_flavour/state)" = enabled ] || {
		echo "the core module does not list core_flavour as enabled"
		return 1
	}
	replace_by $name core_flavour $alone || return 1
	[ ! -e /sys/kernel/mkpatch/core_flavour ] || {
		echo "the core module still lists core_flavour"
		return 1
	}
	klp_unload $alone $alone && observe $name after "$(after_text $name)"
}

# A module cannot be loaded again while it is patched (before v6.3), until the patch is disabled.
try_reload()
{
	local name=binfmt-status patch=case_binfmt_status target=binfmt_misc

	log_mark reload
	klp_load $patch.ko $patch && insmod $target.ko && module_remove $target || return 1
	if insmod $target.ko 2>/dev/null; then
		echo "the kernel loaded $target again"
		return 1
	fi
	log_since reload >/tmp/said
	if ! grep -q 'existing value is nonzero' /tmp/said ||
		! grep -q "refusing to load module '$target'" /tmp/said ||
		grep -qE 'WARNING|BUG|Oops|Call Trace' /tmp/said; then
		echo "the kernel said: $(cat /tmp/said)"
		return 1
	fi
	klp_unload $patch $patch && insmod $target.ko && observe $name after "$(after_text $name)"
}

# A pre-patch callback that does not like what it finds: the patch is refused, nothing has changed.
try_callback_refuses()
{
	local patch=case_pipe_limit_callback limit=/proc/sys/fs/pipe-max-size said

	log_mark callback
	echo 2097152 >$limit
	if insmod $patch.ko 2>/dev/null; then
		klp_unload $patch $patch
		echo "the kernel took it"
		return 1
	fi
	said=$(log_since callback)
	if [ "$(cat $limit)" != 2097152 ] || [ -d /sys/module/$patch ] ||
		[ -d /sys/kernel/livepatch/$patch ]; then
		echo "it was refused, but left something: limit $(cat $limit)"
		return 1
	fi
	echo "$said" | grep -qF "livepatch: pre-patch callback failed for object 'vmlinux'" || {
		echo "the kernel said: $said"
		return 1
	}
	if echo "$said" | grep -qE 'WARNING|BUG|Oops|Call Trace'; then
		echo "the kernel said: $said"
		return 1
	fi
	echo 1048576 >$limit
	klp_load $patch.ko $patch && klp_unload $patch $patch
}

# report CASE WHY
report()
{
	if [ -z "$2" ]; then
		echo "ok $1"
	else
		echo "not ok $1: $2"
	fi
}

insmod mkpatch_core.ko || echo "cannot load mkpatch_core"
clean=1
# The list is not on standard input, which the commands of the cases have.
while read -r name module shipped <&3; do
	# shellcheck disable=SC2086 # a list of files
	why=$(try_case "$name" "$module" $shipped 2>&1 | tr '\n' ' ')
	if [ -z "$why" ] && [ "$clean" = 1 ]; then
		why=$(log_check | tr '\n' ' ')
		# Blame the first case only: what is in the log stays there.
		[ -z "$why" ] || clean=0
	fi
	report "$name" "$why"
done 3<list
! grep -qx load-unfinalized composed || report load-unfinalized "$(try_unfinalized 2>&1 | tr '\n' ' ')"
! grep -qx replace composed || report replace "$(try_replace 2>&1 | tr '\n' ' ')"
module_remove mkpatch_core
why=$(log_check)
report 'the kernel log' "$(echo "$why" | head -n 5 | tr '\n' ' ' | sed 's/^ *$//')"
[ -z "$why" ] || dmesg | tail -n 200
# The last, since the kernel has something to say then.
! grep -qx callback-refuses composed || report callback-refuses "$(try_callback_refuses 2>&1 | tr '\n' ' ')"
! grep -qx module-reload composed || report module-reload "$(try_reload 2>&1 | tr '\n' ' ')"
