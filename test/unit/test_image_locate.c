// SPDX-License-Identifier: GPL-2.0-or-later
/* Trees as Debian, Fedora and SUSE have them, below a temporary directory. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <cmocka.h>

#include "image/image.h"
#include "test_image_files.h"

static int setup(void **state)
{
	char *root = strdup("/tmp/mkp-root-XXXXXX");

	assert_non_null(root);
	assert_non_null(mkdtemp(root));
	*state = root;
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	nftw(*state, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

static char *below(const char *root, const char *path)
{
	char *full;

	assert_true(asprintf(&full, "%s%s", root, path) > 0);
	return full;
}

static void make_parents(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void put(const char *root, const char *path, const char *text)
{
	char *full = below(root, path);
	FILE *stream;

	make_parents(full);
	stream = fopen(full, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
	free(full);
}

static void put_link(const char *root, const char *path, const char *target)
{
	char *full = below(root, path);

	make_parents(full);
	assert_int_equal(symlink(target, full), 0);
	free(full);
}

static void check_path(const char *root, const char *found, const char *wanted)
{
	char *full;

	if (!wanted) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	full = below(root, wanted);
	assert_string_equal(found, full);
	free(full);
}

static void expect(const char *root, const char *release, const char *vmlinux,
		   const char *headers, const char *symvers)
{
	struct mkp_locations locations;

	assert_no_error(mkp_locations_find(root, release, &locations));
	check_path(root, locations.vmlinux, vmlinux);
	check_path(root, locations.headers, headers);
	check_path(root, locations.symvers, symvers);
	mkp_locations_deinit(&locations);
}

#define DUMMY                                                                            \
	"ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg "    \
	"package\n"
#define REAL "ffffffff81000000 T _text\n"
#define DEB  "6.1.0-56-amd64"

static void debian(void **state)
{
	const char *root = *state;

	put(root, "/boot/System.map-" DEB, DUMMY);
	put(root, "/boot/System.map-6.1.0-55-amd64", REAL);
	put(root, "/usr/src/linux-headers-" DEB "/Makefile", "");
	put(root, "/usr/src/linux-headers-" DEB "/Module.symvers", "");
	put_link(root, "/lib/modules/" DEB "/build", "/usr/src/linux-headers-" DEB);
	expect(root, DEB, NULL, "/usr/src/linux-headers-" DEB,
	       "/usr/src/linux-headers-" DEB "/Module.symvers");
	put(root, "/usr/lib/debug/boot/System.map-" DEB, REAL);
	expect(root, DEB, "/usr/lib/debug/boot/System.map-" DEB,
	       "/usr/src/linux-headers-" DEB,
	       "/usr/src/linux-headers-" DEB "/Module.symvers");
	put(root, "/usr/lib/debug/boot/vmlinux-" DEB, "");
	expect(root, DEB, "/usr/lib/debug/boot/vmlinux-" DEB,
	       "/usr/src/linux-headers-" DEB,
	       "/usr/src/linux-headers-" DEB "/Module.symvers");
	expect(root, "6.1.0-55-amd64", "/boot/System.map-6.1.0-55-amd64", NULL, NULL);
	expect(root, "6.1.0-54-amd64", NULL, NULL, NULL);
}

#define FED "6.11.4-301.fc41.x86_64"

static void fedora(void **state)
{
	const char *root = *state;

	put(root, "/lib/modules/" FED "/System.map", REAL);
	put(root, "/lib/modules/" FED "/symvers.xz", "");
	expect(root, FED, "/lib/modules/" FED "/System.map", NULL,
	       "/lib/modules/" FED "/symvers.xz");
	put(root, "/usr/src/kernels/" FED "/Makefile", "");
	put(root, "/usr/src/kernels/" FED "/Module.symvers", "");
	put(root, "/usr/lib/debug/usr/lib/modules/" FED "/vmlinux", "");
	expect(root, FED, "/usr/lib/debug/usr/lib/modules/" FED "/vmlinux",
	       "/usr/src/kernels/" FED, "/usr/src/kernels/" FED "/Module.symvers");
	put(root, "/usr/lib/debug/lib/modules/" FED "/vmlinux", "");
	expect(root, FED, "/usr/lib/debug/lib/modules/" FED "/vmlinux",
	       "/usr/src/kernels/" FED, "/usr/src/kernels/" FED "/Module.symvers");
}

#define SLE	"6.4.0-150600.21-default"
#define SLE_OBJ "/usr/src/linux-6.4.0-150600.21-obj/x86_64/default"

static void suse(void **state)
{
	const char *root = *state;

	put(root, "/boot/System.map-" SLE, REAL);
	put(root, "/boot/symvers-" SLE ".gz", "");
	expect(root, SLE, "/boot/System.map-" SLE, NULL, "/boot/symvers-" SLE ".gz");
	put(root, SLE_OBJ "/Makefile", "");
	put(root, SLE_OBJ "/Module.symvers", "");
	put(root, "/usr/lib/debug/boot/vmlinux-" SLE ".debug", "");
	expect(root, SLE, "/usr/lib/debug/boot/vmlinux-" SLE ".debug", SLE_OBJ,
	       SLE_OBJ "/Module.symvers");
}

static void build_tree(void **state)
{
	const char *root = *state;

	put(root, "/srv/linux/Makefile", "");
	put(root, "/srv/linux/vmlinux", "");
	put(root, "/srv/linux/Module.symvers", "");
	put_link(root, "/lib/modules/6.6.1/build", "../../../srv/linux");
	expect(root, "6.6.1", "/lib/modules/6.6.1/build/vmlinux",
	       "/lib/modules/6.6.1/build", "/lib/modules/6.6.1/build/Module.symvers");
}

/* An absolute link below a sysroot is one of that system, not of this. */
static void link_out(void **state)
{
	char *outside = strdup("/tmp/mkp-root-XXXXXX");
	void *outside_state;

	assert_non_null(outside);
	assert_non_null(mkdtemp(outside));
	put(outside, "/Makefile", "");
	put(outside, "/vmlinux", "");
	put_link(*state, "/lib/modules/6.6.1/build", outside);
	expect(*state, "6.6.1", NULL, NULL, NULL);
	put_link(*state, "/lib/modules/6.6.2/build", "/nonexistent");
	expect(*state, "6.6.2", NULL, NULL, NULL);
	outside_state = outside;
	teardown(&outside_state);
}

/* A directory, and headers without a Makefile, are not what is looked for. */
static void wrong_things(void **state)
{
	const char *root = *state;

	put(root, "/usr/lib/debug/boot/vmlinux-6.6.1/x", "");
	put(root, "/usr/src/linux-headers-6.6.1/x", "");
	expect(root, "6.6.1", NULL, NULL, NULL);
}

static void trailing_slash(void **state)
{
	char *slashed = below(*state, "//");
	struct mkp_locations locations;

	put(*state, "/boot/System.map-6.6.1", REAL);
	assert_no_error(mkp_locations_find(slashed, "6.6.1", &locations));
	check_path(*state, locations.vmlinux, "/boot/System.map-6.6.1");
	mkp_locations_deinit(&locations);
	free(slashed);
}

static void kallsyms_of_running_only(void **state)
{
	struct mkp_locations locations;
	struct utsname uts;

	assert_int_equal(uname(&uts), 0);
	assert_no_error(mkp_locations_find("/", "0.0.0-none", &locations));
	assert_null(locations.vmlinux);
	mkp_locations_deinit(&locations);
	/* Below a sysroot nothing runs. */
	put(*state, "/proc/kallsyms", REAL);
	expect(*state, uts.release, NULL, NULL, NULL);
	if (access("/proc/kallsyms", R_OK))
		return;
	assert_no_error(mkp_locations_find("", uts.release, &locations));
	assert_non_null(locations.vmlinux);
	mkp_locations_deinit(&locations);
}

static void bad_release(void **state)
{
	struct mkp_locations locations;

	assert_error(mkp_locations_find(*state, "", &locations), MKP_ERROR_USAGE,
		     "not a kernel release");
	assert_error(mkp_locations_find(*state, "../../etc", &locations), MKP_ERROR_USAGE,
		     "not a kernel release");
	assert_error(mkp_locations_find(*state, "6.1/../x", &locations), MKP_ERROR_USAGE,
		     "not a kernel release");
	assert_error(mkp_locations_find(*state, "..", &locations), MKP_ERROR_USAGE,
		     "not a kernel release");
	/* No flavour behind the dash; percent signs are no placeholders of ours. */
	expect(*state, "-", NULL, NULL, NULL);
	expect(*state, "6.1-", NULL, NULL, NULL);
	expect(*state, "%R%n", NULL, NULL, NULL);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(debian),	      CASE(fedora),
		CASE(suse),	      CASE(build_tree),
		CASE(link_out),	      CASE(wrong_things),
		CASE(trailing_slash), CASE(kallsyms_of_running_only),
		CASE(bad_release),
	};

	return cmocka_run_group_tests_name("image/locate", tests, NULL, NULL);
}
