# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Completion of mkpatch for bash. Needs nothing of the bash-completion package.

# The words among $1 that start with the current one.
_mkpatch_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# Directories, and files that match the glob $1 (default: all).
_mkpatch_files()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X "!${1-*}" -- "$cur")
}

# What follows an option; fails if that option takes no argument.
_mkpatch_argument()
{
	case $1 in
	-n | --name | -m | --maintainer | -d | --date | --package-version) ;;
	-j | --jobs | --cc | --fix | --max-objects | --status-fd) ;;
	-o | --output | --sysroot | --debug-dir | --cache | -w | --work | -p | --patches | --headers | \
		--modules | --core)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	-k | --kernel)
		_mkpatch_words "$(cd /lib/modules 2>/dev/null && echo *)"
		;;
	-c | --source | --config | --sign-hook | --sign-key | --sign-cert) _mkpatch_files ;;
	--vmlinux | --symvers | --correlate | --system-map | --debug) _mkpatch_files ;;
	-W | --warning | -E | --error)
		_mkpatch_words "$("${COMP_WORDS[0]}" checks 2>/dev/null | awk '{ print $NF }')"
		;;
	--object) _mkpatch_words "$(cut -d ' ' -f 1 /proc/modules 2>/dev/null)" ;;
	--image | -r | --result) _mkpatch_files '*.ko*' ;;
	--payload) _mkpatch_files '*.o' ;;
	-f | --format | --package) _mkpatch_words 'deb rpm' ;;
	--color) _mkpatch_words 'auto always never' ;;
	*) return 1 ;;
	esac
}

_mkpatch_diff()
{
	case $cur in
	-*)
		_mkpatch_words '-n -o -k -v -q -W -E --name --output --kernel --vmlinux --symvers
			--object --image --sysroot --system-map --debug --debug-dir --cache --standalone
			--no-replace --fix --correlate --warning
			--error --ignore-init --json --explain --verbose --quiet
			--color --help --version'
		;;
	*) _mkpatch_files '*.o' ;;
	esac
}

_mkpatch_preflight()
{
	case $cur in
	-*)
		_mkpatch_words '-k -v -q --kernel --vmlinux --symvers --object --image --sysroot
			--system-map --debug --debug-dir --cache --json --verbose --quiet --help --version'
		;;
	*) _mkpatch_files '*.o' ;;
	esac
}

_mkpatch_finalize()
{
	case $cur in
	-*) _mkpatch_words '-q --quiet --help --version' ;;
	*) _mkpatch_files '*.ko' ;;
	esac
}

_mkpatch_checks()
{
	case $cur in
	-*) _mkpatch_words '--explain --help --version' ;;
	*) _mkpatch_words "$("$1" checks 2>/dev/null | awk '{ print $NF }')" ;;
	esac
}

_mkpatch_verify()
{
	case $cur in
	-*)
		_mkpatch_words '-k -q --kernel --vmlinux --image --symvers --payload --sysroot
			--json --list --quiet --help --version'
		;;
	*) _mkpatch_files '*.ko' ;;
	esac
}

_mkpatch_build()
{
	case $cur in
	-*)
		_mkpatch_words '-k -n -o -w -j -W -E -v -q --kernel --source --config --symvers
			--vmlinux --headers --modules --sysroot --name --output --work --jobs --cc
			--allow-compiler --keep-lines --max-objects --standalone --no-replace
			--core --fix --sign-hook --sign-key --sign-cert --package --maintainer --date
			--allow-unsigned --warning --error --ignore-init
			--status-fd --explain --verbose --quiet --help --version'
		;;
	*) _mkpatch_files '*.patch' ;;
	esac
}

_mkpatch_info()
{
	case $cur in
	-*) _mkpatch_words '--json --help --version' ;;
	*) _mkpatch_files '*.ko' ;;
	esac
}

_mkpatch_overlap()
{
	case $cur in
	-*) _mkpatch_words '--json --help --version' ;;
	*) _mkpatch_files '*.ko' ;;
	esac
}

_mkpatch_delta()
{
	case $cur in
	-*) _mkpatch_words '--json --help --version' ;;
	*) _mkpatch_files '*.ko' ;;
	esac
}

_mkpatch_compose()
{
	case $cur in
	-*) _mkpatch_words '-n -p -r --name --patches --result --json --help --version' ;;
	*) _mkpatch_files '*.ko' ;;
	esac
}

_mkpatch_package()
{
	case $cur in
	-*)
		_mkpatch_words '-f -o -m -d --format --output --package-version --maintainer --date
			--allow-unsigned --help --version'
		;;
	*) _mkpatch_files '*.ko' ;;
	esac
}

_mkpatch_check()
{
	case $cur in
	-*)
		_mkpatch_words '-k -w --kernel --source --config --headers --sysroot --work --json --help
			--version'
		;;
	*) _mkpatch_files '*.patch' ;;
	esac
}

_mkpatch_sections()
{
	case $cur in
	-*) _mkpatch_words '-c --config --json --help --version' ;;
	*) _mkpatch_files ;;
	esac
}

_mkpatch()
{
	local cur=${COMP_WORDS[COMP_CWORD]} at=$((COMP_CWORD - 1)) verb=${COMP_WORDS[1]-}
	local equals=''

	COMPREPLY=()
	# Readline takes "--color=al" for three words: "--color", "=" and "al".
	if [ "$cur" = = ]; then
		cur=''
		equals=1
	elif [ "${COMP_WORDS[at]}" = = ]; then
		at=$((at - 1))
		equals=1
	fi
	case $verb in
	finalize | checks)
		if [ "$COMP_CWORD" -gt 1 ]; then
			"_mkpatch_$verb" "$1"
			return
		fi
		;;
	esac
	# Only with "=" may a file follow --json.
	if [ -n "$equals" ] && [ "${COMP_WORDS[at]}" = --json ]; then
		_mkpatch_files
		return
	fi
	_mkpatch_argument "${COMP_WORDS[at]}" && return
	case $verb in
	verify | preflight | build | info | sections | overlap | delta | compose | package | check)
		if [ "$COMP_CWORD" -gt 1 ]; then
			"_mkpatch_$verb"
			return
		fi
		;;
	esac
	_mkpatch_diff
	if [ "$COMP_CWORD" = 1 ] && [[ $cur != -* ]]; then
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY \
			< <(compgen -W 'diff finalize checks verify preflight build info sections overlap delta compose package check' -- "$cur")
	fi
}

complete -F _mkpatch mkpatch
