// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"
#include "test_image_files.h"

static struct mkp_symvers *open_text(const char *text)
{
	struct mkp_symvers *symvers = NULL;
	char *path = make_text(text);

	assert_no_error(mkp_symvers_open(path, &symvers));
	drop_file(path);
	return symvers;
}

static void refuse_text(const char *text, const char *part)
{
	struct mkp_symvers *const untouched = (struct mkp_symvers *)1;
	struct mkp_symvers *symvers = untouched;
	char *path = make_text(text);

	assert_error(mkp_symvers_open(path, &symvers), MKP_ERROR_FORMAT, part);
	assert_ptr_equal(symvers, untouched);
	drop_file(path);
}

static void expect(const struct mkp_symvers *symvers, const char *name,
		   const char *module, const char *space, uint32_t crc, bool gpl)
{
	const struct mkp_export *export = mkp_symvers_find(symvers, name);

	assert_non_null(export);
	assert_string_equal(export->name, name);
	assert_string_equal(export->module, module);
	assert_string_equal(export->space, space);
	assert_int_equal(export->crc, crc);
	assert_int_equal(export->gpl, gpl);
}

static void namespace_last(void **state)
{
	struct mkp_symvers *symvers = open_text(
		"0x4c9d28b0\tphys_base\tvmlinux\tEXPORT_SYMBOL\t\n"
		"0xffffffff\tusb_stor\tdrivers/usb/storage/"
		"usb-storage\tEXPORT_SYMBOL_GPL\t"
		"USB_STORAGE\n");

	(void)state;
	expect(symvers, "phys_base", "vmlinux", "", 0x4c9d28b0, false);
	expect(symvers, "usb_stor", "usb_storage", "USB_STORAGE", 0xffffffff, true);
	assert_null(mkp_symvers_find(symvers, "phys"));
	assert_null(mkp_symvers_find(symvers, ""));
	mkp_symvers_destroy(symvers);
}

static void four_columns(void **state)
{
	struct mkp_symvers *symvers = open_text(
		"0x2d036834\tscsi_remove_host\tdrivers/scsi/scsi_mod\tEXPORT_SYMBOL\n"
		"0x00000000\tmcount\tvmlinux\tEXPORT_SYMBOL_GPL\n"
		"0x1\tsome_old\t/lib/x-y-z.ko\tEXPORT_UNUSED_SYMBOL_GPL");

	(void)state;
	expect(symvers, "scsi_remove_host", "scsi_mod", "", 0x2d036834, false);
	expect(symvers, "mcount", "vmlinux", "", 0, true);
	expect(symvers, "some_old", "x_y_z", "", 1, true);
	mkp_symvers_destroy(symvers);
}

static void namespace_third(void **state)
{
	struct mkp_symvers *symvers = open_text(
		"0xe1cc2a05\tusb_stor_suspend\tUSB_STORAGE\tdrivers/usb/storage/"
		"usb-storage\t"
		"EXPORT_SYMBOL_GPL\n"
		"0x12345678\tplain\t\tvmlinux\tEXPORT_SYMBOL\n");

	(void)state;
	expect(symvers, "usb_stor_suspend", "usb_storage", "USB_STORAGE", 0xe1cc2a05,
	       true);
	expect(symvers, "plain", "vmlinux", "", 0x12345678, false);
	mkp_symvers_destroy(symvers);
}

/* EXPORT_SYMBOL_FOR_MODULES() is a namespace that names the modules. */
static void for_modules(void **state)
{
	struct mkp_symvers *symvers = open_text(
		"0x5\tanon_inode\tvmlinux\tEXPORT_SYMBOL_GPL\tmodule:kvm,kvm-amd\n");

	(void)state;
	expect(symvers, "anon_inode", "vmlinux", "module:kvm,kvm-amd", 5, true);
	mkp_symvers_destroy(symvers);
}

static void tolerated(void **state)
{
	struct mkp_symvers *symvers;

	(void)state;
	symvers = open_text("");
	assert_null(mkp_symvers_find(symvers, "x"));
	mkp_symvers_destroy(symvers);
	/* Blank lines at the end, the same line twice. */
	symvers = open_text("0x1\ta\tvmlinux\tEXPORT_SYMBOL\t\n"
			    "0x1\ta\tvmlinux\tEXPORT_SYMBOL\t\n\n\n");
	expect(symvers, "a", "vmlinux", "", 1, false);
	mkp_symvers_destroy(symvers);
	mkp_symvers_destroy(NULL);
}

#define GOOD "0x1\tgood\tvmlinux\tEXPORT_SYMBOL\t\n"

static void refused(void **state)
{
	(void)state;
	refuse_text(GOOD "\n" GOOD, ":2: blank line");
	refuse_text("\n" GOOD, ":1: blank line");
	refuse_text(GOOD "0x1 a vmlinux EXPORT_SYMBOL\n", ":2: not 4 or 5 columns");
	refuse_text(GOOD "0x1\ta\tvmlinux\n", ":2: not 4 or 5 columns");
	refuse_text(GOOD "0x1\ta\tvmlinux\tEXPORT_SYMBOL\tns\t\n",
		    ":2: not 4 or 5 columns");
	refuse_text(GOOD "0x1\ta\t\t\tvmlinux\tEXPORT_SYMBOL\n",
		    ":2: not 4 or 5 columns");
	refuse_text(GOOD "\n\n" GOOD, ":2: blank line");
	refuse_text(GOOD "\t\t\t\t\t\t\t\t\t\n", ":2: not 4 or 5 columns");
	refuse_text(GOOD "word\n", ":2: not 4 or 5 columns");
	refuse_text(GOOD "1\ta\tvmlinux\tEXPORT_SYMBOL\n", ":2: the first column");
	refuse_text(GOOD "0x\ta\tvmlinux\tEXPORT_SYMBOL\n", ":2: the first column");
	refuse_text(GOOD "0x1g\ta\tvmlinux\tEXPORT_SYMBOL\n", ":2: the first column");
	refuse_text(GOOD "0x123456789\ta\tvmlinux\tEXPORT_SYMBOL\n",
		    ":2: the first column");
	refuse_text(GOOD "0x-1\ta\tvmlinux\tEXPORT_SYMBOL\n", ":2: the first column");
	refuse_text(GOOD "0x1\ta\tvmlinux\tEXPORTED\n", ":2: no column says");
	refuse_text(GOOD "0x1\ta\tvmlinux\tEXPORT_SYMBOL\r\n", ":2: no column says");
	refuse_text(GOOD "0x1\tEXPORT_SYMBOL\tvmlinux\tx\ty\n", ":2: no column says");
	refuse_text(GOOD "0x1\t\tvmlinux\tEXPORT_SYMBOL\n", ":2: the name or");
	refuse_text(GOOD "0x1\ta\tdrivers/\tEXPORT_SYMBOL\n", ":2: the name or");
}

static void contradiction(void **state)
{
	(void)state;
	refuse_text(GOOD "0x2\tgood\tvmlinux\tEXPORT_SYMBOL\t\n",
		    ":2: good was exported differently in line 1");
	refuse_text(GOOD
		    "0x1\tother\tm\tEXPORT_SYMBOL\t\n0x1\tgood\tm\tEXPORT_SYMBOL\t\n",
		    ":3: good was exported differently in line 1");
	refuse_text(GOOD "0x1\tgood\tvmlinux\tEXPORT_SYMBOL_GPL\t\n", ":2: good was");
	refuse_text(GOOD "0x1\tgood\tvmlinux\tEXPORT_SYMBOL\tNS\n", ":2: good was");
}

static void not_a_text(void **state)
{
	static const char binary[] = "0x1\ta\tvmlinux\tEXPORT_SYMBOL\n\0\n";
	struct mkp_symvers *symvers;
	char *path = make_file(binary, sizeof(binary));

	(void)state;
	assert_error(mkp_symvers_open(path, &symvers), MKP_ERROR_FORMAT, "nor text");
	drop_file(path);
	assert_error(mkp_symvers_open("/tmp", &symvers), MKP_ERROR_FORMAT, "regular");
	assert_error(mkp_symvers_open("/dev/zero", &symvers), MKP_ERROR_FORMAT,
		     "regular");
	assert_error(mkp_symvers_open("/nonexistent", &symvers), MKP_ERROR_IO,
		     "No such file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespace_last),  cmocka_unit_test(four_columns),
		cmocka_unit_test(namespace_third), cmocka_unit_test(for_modules),
		cmocka_unit_test(tolerated),	   cmocka_unit_test(refused),
		cmocka_unit_test(contradiction),   cmocka_unit_test(not_a_text),
	};

	return cmocka_run_group_tests_name("image/symvers", tests, NULL, NULL);
}
