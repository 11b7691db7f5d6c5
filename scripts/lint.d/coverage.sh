# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The list of what is covered by which test says what is so.

check_coverage_table()
{
	awk -v top=. -f test/fixtures/coverage.awk fixtures/COVERAGE.md
}
