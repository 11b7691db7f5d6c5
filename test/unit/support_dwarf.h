/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug data that no compiler writes, as source of an assembler: DWARF 5, one unit, whose
 * entries are made by macros. Each takes a label, which others refer to.
 */
#ifndef MKP_TEST_DWARF_H
#define MKP_TEST_DWARF_H

#define DWARF_AS "gcc -x assembler"

/* An abbreviation of the forms that the macros below write. */
#define DWARF_ABBREVIATION(code, tag, children, attributes)                              \
	".uleb128 " code ", " tag "\n.byte " children "\n.uleb128 " attributes "0, 0\n"

#define DWARF_START                                                                      \
	".section .debug_abbrev, \"\"\n" /* DW_AT_name string */                         \
		DWARF_ABBREVIATION("1", "0x11", "1",                                     \
				   "3, 8, ") /* A function: its name, what it is a copy  \
						of; its children. */                     \
		DWARF_ABBREVIATION("2", "0x2e", "1",                                     \
				   "3, 8, 0x31, 0x13, ") /* A parameter: its type. */    \
		DWARF_ABBREVIATION("3", "0x05", "0",                                     \
				   "0x49, 0x13, ") /* A structure without and with a     \
						      name: its size; members. */        \
		DWARF_ABBREVIATION("4", "0x13", "1", "0xb, 0xb, ") DWARF_ABBREVIATION(   \
			"5", "0x13", "1",                                                \
			"3, 8, 0xb, 0xb, ") /* A member without a name: its type and     \
					       place. */                                 \
		DWARF_ABBREVIATION(                                                      \
			"6", "0x0d", "0",                                                \
			"0x49, 0x13, 0x38, 0xb, ") /* A pointer, a typedef: to what. */  \
		DWARF_ABBREVIATION("7", "0x0f", "0", "0x49, 0x13, ") DWARF_ABBREVIATION( \
			"8", "0x16", "0",                                                \
			"0x49, 0x13, ") /* A type of functions: parameters. */           \
		DWARF_ABBREVIATION("9", "0x15", "1",                                     \
				   "") /* A function whose code is in pieces: its name,  \
					  the number of the list. */                     \
		DWARF_ABBREVIATION("10", "0x2e", "0",                                    \
				   "3, 8, 0x55, 0x23, ") /* The unit, with where the     \
							    lists of pieces are. */      \
		DWARF_ABBREVIATION(                                                      \
			"11", "0x11", "1",                                               \
			"3, 8, 0x74, 0x17, ") ".byte 0\n"                                \
					      ".macro function label, name, origin\n"    \
					      "\\label: .uleb128 2\n.string "            \
					      "\"\\name\"\n.long \\origin - "            \
					      "unit\n.endm\n"                            \
					      ".macro parameter type\n.uleb128 "         \
					      "3\n.long \\type - unit\n.endm\n"          \
					      ".macro nameless label, size\n\\label: "   \
					      ".uleb128 4\n.byte \\size\n.endm\n"        \
					      ".macro structure label, name, size\n"     \
					      "\\label: .uleb128 5\n.string "            \
					      "\"\\name\"\n.byte \\size\n.endm\n"        \
					      ".macro member type, at\n"                 \
					      ".uleb128 6\n.long \\type - unit\n.byte "  \
					      "\\at\n.endm\n"                            \
					      ".macro pointer label, to\n\\label: "      \
					      ".uleb128 7\n.long \\to - unit\n.endm\n"   \
					      ".macro alias label, to\n\\label: "        \
					      ".uleb128 8\n.long \\to - unit\n.endm\n"   \
					      ".macro functions label\n\\label: "        \
					      ".uleb128 9\n.endm\n"                      \
					      ".macro pieces name, list\n"               \
					      ".uleb128 10\n.string "                    \
					      "\"\\name\"\n.uleb128 \\list\n.endm\n"     \
					      ".macro end\n.byte 0\n.endm\n"             \
					      ".section .debug_info, \"\"\n"             \
					      "unit: .long unit_end - unit - 4\n.short " \
					      "5\n.byte 1, 8\n.long .debug_abbrev\n"

/** What comes before the entries, and behind them. */
#define DWARF_UNIT DWARF_START ".uleb128 1\n.string \"damaged.c\"\n"
#define DWARF_UNIT_WITH_LISTS(base)                                                      \
	DWARF_START ".uleb128 11\n.string \"damaged.c\"\n.long " base "\n"
#define DWARF_END "end\nunit_end:\n"

#endif
