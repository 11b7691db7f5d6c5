# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Shared by the scripts here: where things are, progress lines, stages that can be resumed.
# Source it with MKP_SELF set to the name that messages should carry.

MKP_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Everything big and everything derived lives below this one directory, which git ignores.
MKP_WORK=${MKPATCH_WORK:-$MKP_TOP/.work}
MKP_STARTED=${MKP_STARTED:-$(date +%s)}
MKP_JOBS=${MKPATCH_JOBS:-$(nproc 2>/dev/null || echo 1)}
export MKP_STARTED
# What a make that calls us was told (V=1, O=DIR) is not for kbuild.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
readonly MKP_TOP MKP_WORK MKP_JOBS

# A progress line, with the seconds since the outermost script started.
say()
{
	printf '[%4ds] %s: %s\n' $(($(date +%s) - MKP_STARTED)) "$MKP_SELF" "$*"
}

die()
{
	printf '%s: error: %s\n' "$MKP_SELF" "$*" >&2
	exit 1
}

# run_logged LOG COMMAND...: run quietly; on failure show the end of the log and stop.
run_logged()
{
	local log=$1

	shift
	mkdir -p "$(dirname "$log")"
	if ! "$@" >"$log" 2>&1 </dev/null; then
		tail -n 40 "$log" >&2
		die "command failed: $* (whole log: $log)"
	fi
}

# Hold an exclusive lock on FILE until this process ends; say so when that means waiting.
# The lock's descriptor is $MKP_LOCK_FD: children that outlive us must close it.
take_lock()
{
	mkdir -p "$(dirname "$1")"
	exec {MKP_LOCK_FD}>>"$1"
	if ! flock -n "$MKP_LOCK_FD"; then
		say "waiting for the lock $1"
		flock "$MKP_LOCK_FD"
	fi
}

# stage STAMP TEXT FUNCTION ARGS...: run FUNCTION once. A stage that was cut short leaves no stamp
# and is done again from its beginning, so FUNCTION has to start by clearing its own output.
stage()
{
	local stamp=$1 text=$2 begin

	shift 2
	if [ -e "$stamp" ]; then
		return 0
	fi
	begin=$(date +%s)
	say "$text"
	"$@"
	sync -f "$(dirname "$stamp")"
	printf '%s\n' "$(($(date +%s) - begin))" >"$stamp.new"
	mv "$stamp.new" "$stamp"
	say "  done in $(cat "$stamp") s"
}

# Read the description of a kernel that `scripts/kernel/fetch` left: of the release or the series that
# MKPATCH_KERNEL names, or of the one that needs no name.
load_kernel_env()
{
	local kernel=${MKPATCH_KERNEL:-current} env

	env=$MKP_WORK/kernel/$kernel/env
	[ -e "$env" ] || env=$MKP_WORK/kernel/$kernel.env
	[ -e "$env" ] || die "no kernel yet: run scripts/kernel/fetch first (${env##*/})"
	# shellcheck source=/dev/null
	. "$env"
	# For make: kbuild remembers what the compiler can. Not while the source is prepared.
	mkdir -p "$KERNEL_DIR/probes"
	# shellcheck disable=SC2034 # the tests that build modules
	kernel_probes=(MAKEFILES="$MKP_TOP/src/build/probes.mk" MKP_PROBES="$KERNEL_DIR/probes")
}

# kernel_make ARGS...: make in the prepared tree. Always the same compiler and flags, or kbuild
# would rebuild its own tools each time that they change.
#
# By CPATH the source finds mkpatch/livepatch.h: it is no part of the command that kbuild remembers,
# so that a checkout elsewhere does not compile everything again.
#
# One section a function and a datum; the code inside them stays the same. DWARF needs no option
# of ours: Debian's configuration asks for it.
kernel_make()
{
	local compiler rust=()

	compiler=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ "]*\).*/\1/p' "$KERNEL_HEADERS/.config")
	# Where Debian built it there was no Rust compiler, of which the configuration takes note.
	! grep -qx 'CONFIG_RUSTC_VERSION=0' "$KERNEL_HEADERS/.config" || rust=(RUSTC=false)
	CPATH=$MKP_TOP/include make -C "$KERNEL_SOURCE" -j"$MKP_JOBS" CC="$compiler" ${rust[@]+"${rust[@]}"} \
		KCFLAGS='-ffunction-sections -fdata-sections' "$@"
}

# own_source DIR: the kernel's source under names of its own, by hard links, below DIR; prints where.
# scripts/kernel/compile-pair patches the other one, which replaces files, and a file that has another
# time is another source for `mkpatch build`.
own_source()
{
	local lock source=$1/source-$KERNEL_VERSION

	if [ ! -e "$source" ]; then
		mkdir -p "$1"
		exec {lock}>>"$KERNEL_DIR/tree.lock"
		flock "$lock"
		[ ! -e "$KERNEL_DIR/journal" ] ||
			die "a patch stands in $KERNEL_SOURCE: run scripts/kernel/compile-pair"
		rm -rf "$source.new"
		cp -al "$KERNEL_SOURCE" "$source.new"
		exec {lock}>&-
		mv "$source.new" "$source"
	fi
	printf '%s\n' "$source"
}
