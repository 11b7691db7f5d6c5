# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The rules that other programs check.

# text_files comes from files.sh.
# shellcheck disable=SC2154

# What lint compiles and caches; below build/, which git ignores.
readonly LINT_BUILD=build/lint

# need PROGRAM: else the caller is to return what this returns.
need()
{
	command -v "$1" >/dev/null && return
	echo "no $1 here"
	return "$SKIP"
}

# The layout differs between versions of clang-format; Debian 12's decides.
check_format()
{
	local program=clang-format-14

	command -v "$program" >/dev/null || program=clang-format
	need "$program" || return
	"$program" --version | grep -q 'version 14\.' || {
		echo "$program is not version 14"
		return "$SKIP"
	}
	select_files 'src/*.[ch]' | with_files "$program" --dry-run 2>&1 |
		sed -nE 's/^([^:]*:[0-9]+):[0-9]+: warning: .*/\1/p' |
		awk -F: '{ count[$1]++; if (!first[$1]) first[$1] = $2 }
			END { for (file in count)
				print file ":" first[file] " not formatted, " count[file] " places" }' |
		sort | none_of
}

# Shell scripts have many names; the first lines tell.
list_scripts()
{
	printf '%s\n' "${text_files[@]}" | with_files awk '
		FNR == 1 && /^#!.*sh$/ { print FILENAME; nextfile }
		/^# shellcheck shell=/ { print FILENAME; nextfile }
		FNR == 5 { nextfile }'
}

check_scripts()
{
	need shellcheck || return
	# It fails when it has something to say; none_of decides.
	{ list_scripts | with_files -n 8 -P "$MKP_JOBS" shellcheck -x -P SCRIPTDIR:. -f gcc 2>&1 || :; } |
		sed -E 's/^([^:]*:[0-9]+):[0-9]+:/\1/' | sort | none_of
}

check_manual()
{
	local pages

	need mandoc || return
	pages=$(select_files 'man/*.[1-9]')
	[ -n "$pages" ] || {
		echo "no manual pages"
		return "$SKIP"
	}
	# mandoc fails when it has something to say; none_of decides.
	{ with_files mandoc -Tlint -W warning <<<"$pages" 2>&1 || :; } |
		sed -E 's/^mandoc: ([^:]*:[0-9]+):[0-9]+:/\1/' | none_of
}

check_spelling()
{
	local words

	need codespell || return
	words=$(awk '!/^#/' scripts/lint.d/spelling | paste -sd,)
	# It fails when it has something to say; none_of decides.
	{ list_ours | grep -vE '\.patch$|^scripts/lint\.d/spelling$' |
		with_files codespell -q 3 --ignore-words-list "$words" 2>&1 || :; } |
		sed -E 's/^([^:]*:[0-9]+):/\1/' | none_of
}

# Debian's own Python has the module, a newer one before it in PATH need not.
find_python()
{
	local python

	for python in python3 /usr/bin/python3; do
		if "$python" -W ignore -c 'import jsonschema' 2>/dev/null; then
			echo "$python"
			return
		fi
	done
	echo "no python3 with jsonschema here"
	return "$SKIP"
}

check_schema()
{
	local python

	python=$(find_python) || {
		echo "$python"
		return "$SKIP"
	}
	select_files '*.schema.json' | with_files "$python" -W ignore -c '
import json, sys
from jsonschema import Draft7Validator

for path in sys.argv[1:]:
    try:
        with open(path, encoding="utf-8") as file:
            Draft7Validator.check_schema(json.load(file))
    except Exception as error:
        print(f"{path}:1", str(error).splitlines()[0])
' | none_of
}

# From the kernel that scripts/kernel/fetch has unpacked.
check_checkpatch()
{
	local env=$MKP_WORK/kernel/current.env script

	[ -e "$env" ] || {
		echo "no kernel source: run scripts/kernel/fetch"
		return "$SKIP"
	}
	# shellcheck source=/dev/null
	script=$(. "$env" && echo "$KERNEL_SOURCE/scripts/checkpatch.pl")
	[ -e "$script" ] || {
		echo "no $script"
		return "$SKIP"
	}
	# It fails when it has something to say; none_of decides.
	{
		select_files 'kmod-core/*.[ch]' 'include/mkpatch/*.h' | grep -v '/livepatch\.h$' |
			with_files perl "$script" --no-tree --terse --no-summary --file 2>&1 || :
		# Macros that are declarations; and __section() is not the same in all kernels.
		select_files 'include/mkpatch/livepatch.h' |
			with_files perl "$script" --no-tree --terse --no-summary \
				--ignore COMPLEX_MACRO,PREFER_DEFINED_ATTRIBUTE_MACRO,SPACING \
				--file 2>&1 || :
	} |
		sed -E 's/^([^:]*:[0-9]+):/\1/' | none_of
}

# A build of its own, and what had warnings has no object: so they are shown again the next time.
check_warnings()
{
	local targets=all log

	need pkg-config || return
	pkg-config --exists cmocka && targets='all unit-programs'
	# shellcheck disable=SC2086
	log=$(MAKEFLAGS='' make -s -k -j"$MKP_JOBS" O=$LINT_BUILD WERROR=1 CFLAGS=-O2 $targets 2>&1) && return
	printf '%s\n' "$log" | sed -nE 's/^([^: ]+:[0-9]+):([0-9]+:)? *(fatal )?(error|warning):/\1/p' |
		sort -u | none_of || return
	printf '%s\n' "$log" | grep -v '^  [A-Z]' | tail -n 5
	return 1
}

check_cppcheck()
{
	need cppcheck || return
	mkdir -p "$LINT_BUILD/cppcheck"
	select_files 'src/*.c' | with_files cppcheck -q -j "$MKP_JOBS" --std=c11 --inline-suppr \
		--enable=warning,performance,portability --max-configs=2 \
		--suppressions-list=scripts/lint.d/cppcheck --template='{file}:{line} {id}: {message}' \
		--cppcheck-build-dir="$LINT_BUILD/cppcheck" -Isrc -Iinclude 2>&1 | none_of
}
