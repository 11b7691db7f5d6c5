# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Shared by the command line tests. A test is a function that starts in an empty directory of its
# own and fails by `fail`, or by any command that it does not catch:
#
#   try NAME FUNCTION ARGUMENT...     prints `ok NAME` or `not ok NAME: why`
#   finish                            ends the file of tests
#
# Inside of a test, `mkpatch ARGUMENT...` runs the command under test and leaves $status, and what
# it printed in $out and $err. MKPATCH=FILE tests another binary.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
MKPATCH=$(realpath -m "${MKPATCH:-$TOP/build/mkpatch}")
TEST_SELF=$(basename "$0")
# Compiled like an object of an x86-64 kernel, as far as it matters here.
TEST_CFLAGS=(-O2 -g -std=gnu11 -ffreestanding -fno-pic -fno-pie -fno-common -mno-red-zone
	-mcmodel=kernel -fcf-protection=none -fno-stack-protector -fno-asynchronous-unwind-tables
	-ffunction-sections -fdata-sections -pg -mfentry -mrecord-mcount)
readonly TOP MKPATCH TEST_SELF TEST_CFLAGS

test_failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

[ -x "$MKPATCH" ] || {
	echo "not ok $TEST_SELF: no $MKPATCH; run make first"
	exit 1
}

fail()
{
	echo "$*"
	exit 1
}

skip_test()
{
	echo "$*"
	exit 77
}

# Not in a condition: there `set -e` would not hold inside of the test.
try()
{
	local name=$TEST_SELF/$1 directory status=0

	shift
	directory=$(mktemp -d "$scratch/XXXXXX")
	set +e
	(
		set -eE
		trap 'echo "line $LINENO: $BASH_COMMAND"' ERR
		cd "$directory"
		"$@"
	) >"$directory.log" 2>&1 </dev/null
	status=$?
	set -e
	case $status in
	0) echo "ok $name" ;;
	77) echo "skip $name: $(tail -n 1 "$directory.log")" ;;
	*)
		echo "not ok $name: $(tail -n 5 "$directory.log" | tr '\n' ' ')"
		test_failed=1
		;;
	esac
	rm -rf "$directory"
}

finish()
{
	exit "$test_failed"
}

mkpatch()
{
	status=0
	"$MKPATCH" "$@" >"$scratch/out" 2>"$scratch/err" || status=$?
	out=$(<"$scratch/out")
	err=$(<"$scratch/err")
}

# expect STATUS ARGUMENT...: run the command, which must end so.
expect()
{
	local wanted=$1

	shift
	mkpatch "$@"
	[ "$status" = "$wanted" ] ||
		fail "mkpatch $*: status $status, not $wanted: $err $(head -n 3 "$scratch/out")"
}

# one_line_error: no report, and one line that says what is wrong.
one_line_error()
{
	[ -z "$out" ] || fail "standard output has: $out"
	[ "$(wc -l <"$scratch/err")" = 1 ] || fail "not one line on standard error: $err"
	case $err in
	'mkpatch: '*) ;;
	*) fail "the message does not begin with 'mkpatch: ': $err" ;;
	esac
}

# follows SCHEMA FILE...: SCHEMA is below src/. Debian's own Python has the module; another that
# comes before it in PATH need not.
follows()
{
	local python='' each

	for each in /usr/bin/python3 python3; do
		! "$each" -W ignore -c 'import jsonschema' 2>/dev/null || python=$each
	done
	[ -n "$python" ] || skip_test "no python3 with jsonschema"
	"$python" -W ignore -c '
import json, sys
from jsonschema import Draft7Validator

with open(sys.argv[1], encoding="utf-8") as schema:
    check = Draft7Validator(json.load(schema))
failed = False
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as report:
        for error in check.iter_errors(json.load(report)):
            print(path, list(error.path), error.message.splitlines()[0])
            failed = True
sys.exit(failed)
' "$TOP/src/$1" "${@:2}" || fail "not as $1 says: ${*:2}"
}

# compile FILE.o [FLAG...]: the sample, by default as it was before the patch.
compile()
{
	local object=$1

	shift
	"${CC:-gcc}" "${TEST_CFLAGS[@]}" "$@" -c -o "$object" "$scratch/sample.c"
}

# A function that changes, what it refers to, one that stays, a variable, a table.
cat >"$scratch/sample.c" <<'END'
int printk(const char *format, ...);
int hidden(int value);

#ifdef DATA
int limits[3] = { 1, 2, 4 };
#else
int limits[3] = { 1, 2, 3 };
#endif
static int calls;

__attribute__((noinline)) int sample_stays(int value)
{
	return hidden(value) + limits[value % 3];
}

int sample_show(int value)
{
#ifdef PATCHED
	static int shown;

	if (value > 100)
		printk("sample: %d is more than 100, seen %d times\n", value, ++shown);
#endif
	calls++;
	printk("sample: %d\n", sample_stays(value));
	return hidden(value) + calls;
}
END
