# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The rules of CONTRIBUTING.md that need no more than a look at the text.

# all_files and text_files come from files.sh.
# shellcheck disable=SC2154

readonly MAX_FUNCTION=80
readonly MAX_FILE=800

# Other checks, and makefiles, take names apart at blanks.
check_file_names()
{
	printf '%s\n' "${all_files[@]}" |
		awk '/[^A-Za-z0-9._+\/-]/ { print $0 ": only letters, digits and . _ + - /" }' |
		none_of
}

# All text files but licence texts.
list_ours()
{
	printf '%s\n' "${text_files[@]}" | grep -v '^LICENSES/'
}

# Not asked for it: files that can not carry a licence line, or that are not ours to license. A version
# number, output to compare with, changes to the kernel's source.
check_spdx()
{
	list_ours | grep -vE '^(LICENSE|VERSION)$|/expect$|\.patch$' | with_files awk '
		FNR == 1 { missing[FILENAME] = 1 }
		/SPDX-License-Identifier: / { delete missing[FILENAME] }
		FNR == 5 { nextfile }
		END {
			for (file in missing)
				print file ":1 no SPDX-License-Identifier in the first five lines"
		}' | sort | none_of
}

check_whitespace()
{
	{
		select_files '*.[chsS]' '*.sh' '*.py' '*.json' '*.md' '*.1' 'scripts/*' '*Makefile' \
			'*Kbuild' | search -E '[[:blank:]]+$|'$'\r' |
			sed -E 's/^([^:]*:[0-9]+):.*/\1 blanks or a carriage return at the end/'
		# shellcheck disable=SC2016
		list_ours | with_files perl -0777 -ne '
			print "$ARGV:", tr/\n// + 1, " no newline at the end\n" if /[^\n]\z/'
	} | none_of
}

# Written so that they do not find themselves.
check_forbidden_words()
{
	local words='TO[D]O|FIX[M]E|XX[X]' paths='(^|[^[:alnum:]._$}])/(wor[k]|roo[t]|hom[e]/[a-z]+)/'

	{
		list_ours | search -owE "$words" |
			sed -E 's/^([^:]*:[0-9]+):(.*)/\1 the word \2: do it, or file it as an issue/'
		list_ours | search -E "$paths" |
			sed -E 's/^([^:]*:[0-9]+):.*/\1 a path of one machine/'
	} | none_of
}

check_file_length()
{
	select_files '*.[chsS]' '*.sh' 'scripts/*' 'test/*/run' '*.py' | with_files wc -l |
		awk -v max=$MAX_FILE '$2 != "total" && $1 > max {
			print $2 ":" $1 " " $1 " lines, more than " max
		}' | none_of
}

# "lines name file:line" of each C function.
function_lengths()
{
	select_files "$@" |
		with_files ctags -f - --languages=C --langmap=C:.c.h --kinds-C=f --fields=+ne \
			--sort=no 2>/dev/null |
		awk -F'\t' '{
			first = last = 0
			for (i = 4; i <= NF; i++) {
				if ($i ~ /^line:/) first = substr($i, 6)
				if ($i ~ /^end:/) last = substr($i, 5)
			}
			if (first && last) print last - first + 1, $1, $2 ":" first
		}'
}

check_function_length()
{
	ctags --version 2>/dev/null | grep -q Universal || {
		echo "no Universal Ctags here"
		return "$SKIP"
	}
	function_lengths 'src/*.[ch]' 'test/*.[ch]' 'kmod-core/*.[ch]' |
		awk -v max=$MAX_FUNCTION '$1 > max { print $3 " " $2 "() has " $1 " lines, more than " max }' |
		none_of || return
	function_lengths 'src/*.[ch]' | sort -n | awk '
		{ length_of[NR] = $1; last = $2 }
		function rank(part) { return length_of[int((NR - 1) * part) + 1] }
		END {
			if (NR)
				printf "%d functions in src, lines: p50 %d, p90 %d, most %d in %s()",
				       NR, rank(0.5), rank(0.9), length_of[NR], last
		}'
}

# Which rooms of src/ a room may include from. One way only: a room stands before those that use it.
readonly ROOMS='
base: base
elf: base elf
arch: base elf arch
image: base elf image
report: base report
diff: base elf arch report diff
survey: base elf arch diff survey
match: base elf arch image report diff match
check: base elf arch image report diff match check
emit: base elf arch image report diff match check emit
build: base elf arch image report diff match check emit verify build
runtime: base elf image report emit runtime
verify: base elf arch verify
set: base elf arch verify set
cmd: base elf arch image report diff survey match check emit build runtime verify set cmd
'

check_room_order()
{
	select_files 'src/*.[ch]' | search -E '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' |
		awk -F: -v table="$ROOMS" '
		BEGIN {
			rows = split(table, row, "\n")
			for (i = 1; i <= rows; i++) {
				split(row[i], part, ": ")
				words = split(part[2], word, " ")
				for (j = 1; j <= words; j++) {
					may[part[1], word[j]] = 1
					known[word[j]] = 1
				}
			}
		}
		{
			depth = split($1, path, "/")
			from = depth > 2 ? path[2] : "cmd"	# src/main.c
			include = $3
			gsub(/^[^"]*"|".*$/, "", include)
			if (include ~ /^mkpatch\//) next	# include/mkpatch
			to = include ~ /\// ? include : from
			sub(/\/.*/, "", to)
			if (!known[from])
				print $1 ":" $2 " room " from " is not in the table of lint"
			else if (!may[from, to])
				print $1 ":" $2 " " from " must not use " include
		}' | none_of
}

# Violations of a pattern in the code of files; $1 is why, $2 the pattern.
code_without()
{
	local why=$1 pattern=$2

	code_of | awk -v why="$why" -v pattern="$pattern" '{
		at = index($0, ":")
		rest = substr($0, at + 1)
		line = substr(rest, 1, index(rest, ":") - 1)
		code = substr(rest, index(rest, ":") + 1)
		if (match(code, pattern)) {
			found = substr(code, RSTART, RLENGTH)
			gsub(/^[^A-Za-z_]+|[^A-Za-z_0-9]+$/, "", found)
			print substr($0, 1, at) line " " found ": " why
		}
	}' | none_of
}

# In comments as well: a relocation's name outside its room says that knowledge is leaking.
check_arch_names()
{
	select_files 'src/*.[ch]' 'include/*.h' | awk '!/^src\/arch\//' |
		search -oE '\<R_(X86_64|386|AARCH64|ARM|PPC64|PPC|390|LARCH|RISCV|MIPS)_[A-Z0-9_]*' |
		sed -E 's/^([^:]*:[0-9]+):(.*)/\1 \2 outside src\/arch/' | none_of
}

check_printing()
{
	local calls='v?printf|puts|putchar|perror|exit|_exit|_Exit|quick_exit|abort'

	calls+='|v?errx?|v?warnx?|error|error_at_line'
	select_files 'src/*.[ch]' | awk '!/^src\/(cmd\/|main\.c$)/' |
		code_without 'only src/cmd and src/main.c print and exit' \
			"(^|[^A-Za-z0-9_>.])(($calls)[[:space:]]*\\(|(stdout|stderr)([^A-Za-z0-9_]|\$))"
}

check_getenv()
{
	select_files 'src/*.[ch]' |
		code_without 'configuration comes through options' \
			'(^|[^A-Za-z0-9_])(getenv|secure_getenv|setenv|putenv|environ)([^A-Za-z0-9_]|$)'
}
