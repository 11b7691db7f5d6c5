# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What lint looks at: the files that git tracks and those that it would, but does not ignore.

# All of them, and those that are text, each as a path from the top.
all_files=()
text_files=()

list_files()
{
	local file

	while IFS= read -r -d '' file; do
		if [ -f "$file" ]; then
			all_files+=("$file")
		fi
	done < <(git ls-files -z --cached --others --exclude-standard --deduplicate)
	mapfile -d '' -t text_files < <(printf '%s\0' "${all_files[@]}" | xargs -0 grep -IlZ '' --)
}

# The text files that match one of the patterns, one a line; '*' matches '/' as well.
select_files()
{
	local file pattern

	for file in "${text_files[@]}"; do
		for pattern in "$@"; do
			# shellcheck disable=SC2053
			if [[ $file == $pattern ]]; then
				printf '%s\n' "$file"
				break
			fi
		done
	done
}

# Run COMMAND... with the paths on standard input as its last arguments; nothing without paths.
with_files()
{
	xargs -r -d '\n' "$@"
}

# grep in the files whose paths are on standard input: `file:line:...`. Finding nothing is no failure,
# but a bad pattern or an unreadable file is.
search()
{
	# shellcheck disable=SC2016
	with_files sh -c 'grep -nH "$@" || [ $? = 1 ]' grep "$@"
}

# Violations pass from standard input to standard output; fail if there are any.
none_of()
{
	local lines

	lines=$(cat)
	[ -z "$lines" ] && return
	printf '%s\n' "$lines"
	return 1
}

# The code of the C files whose paths are on standard input, as `file:line:code`, with comments and
# the contents of literals blanked.
code_of()
{
	# shellcheck disable=SC2016
	with_files perl -0777 -ne '
		s{("(?:\\.|[^"\\\n])*")|(\x27(?:\\.|[^\x27\\\n])*\x27)|(/\*.*?\*/|//[^\n]*)}
		 { defined $3 ? $3 =~ s/[^\n]+/ /gr : defined $1 ? "\"\"" : "0" }gsex;
		my $line = 0;
		print "$ARGV:", ++$line, ":$_\n" for split /\n/;
	'
}
