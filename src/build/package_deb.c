// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A package for dpkg: Debian policy 4.6.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "build/files.h"
#include "build/package_private.h"

/* What dpkg calls an architecture, where it is not what uname(1) does. */
static const char *deb_arch(const char *arch)
{
	static const char *const names[][2] = {
		{ "x86_64", "amd64" },
		{ "aarch64", "arm64" },
		{ "ppc64le", "ppc64el" },
		{ "loongarch64", "loong64" },
	};

	for (size_t i = 0; i < MKP_ARRAY_SIZE(names); i++)
		if (!strcmp(arch, names[i][0]))
			return names[i][1];
	return arch;
}

static void write_control(const struct mkp_package *package, FILE *stream)
{
	const char *core = mkp_verify_line(package->facts->verify, "depends=", NULL);

	fprintf(stream,
		"Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: %s\n"
		"Section: kernel\nPriority: optional\nDepends: kmod\n"
		"Enhances: linux-image-%s\nProvides: livepatch-%s (= %s)\n"
		"Description: live patch %s for Linux %s\n"
		" It replaces functions of the running kernel, without a reboot:\n",
		package->name, package->version, deb_arch(package->arch),
		package->options->maintainer, package->release, package->release,
		package->version, package->facts->name, package->release);
	mkp_package_write_fixes(package, " - it ", false, stream);
	fputs(" .\n It is loaded when it is installed only if the file\n"
	      " /etc/livepatch/load-on-install is there.\n",
	      stream);
	if (core && *core) {
		fputs(" .\n It needs the kernel modules ", stream);
		mkp_package_write_text(core, false, stream);
		fputs(".\n", stream);
	}
}

/* In another root than the one that runs there is nothing to load. */
static void write_postinst(const struct mkp_package *package, FILE *stream)
{
	fputs("#!/bin/sh\nset -e\n"
	      "[ \"$1\" = configure ] && [ -z \"${DPKG_ROOT:-}\" ] || exit 0\n",
	      stream);
	mkp_package_write_load(package, stream);
}

/* https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/ */
static void write_copyright(const struct mkp_package *package, FILE *stream)
{
	fprintf(stream,
		"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/"
		"1.0/\n"
		"Comment: a live patch for Linux %s, made by mkpatch.\n\n"
		"Files: *\n"
		"Copyright: %d the authors of the Linux kernel and of the patch\n"
		"License: GPL-2\n"
		" The terms of the GNU General Public License, version 2, are in\n"
		" /usr/share/common-licenses/GPL-2 on Debian systems.\n",
		package->release, mkp_package_date(package->date).year);
}

static void write_changelog(const struct mkp_package *package, FILE *stream)
{
	const struct mkp_package_date date = mkp_package_date(package->date);

	fprintf(stream, "%s (%s) unstable; urgency=medium\n\n", package->name,
		package->version);
	mkp_package_write_fixes(package, "  * ", false, stream);
	fprintf(stream, "\n -- %s  %s, %02d %s %d %02d:%02d:%02d +0000\n",
		package->options->maintainer, date.weekday, date.day, date.month,
		date.year, date.hour, date.minute, date.second);
}

static struct mkp_error *below_doc(struct mkp_package *package, const char *file,
				   const char **ret_path)
{
	return mkp_format(&package->result->arena, ret_path, "root/usr/share/doc/%s/%s",
			  package->name, file);
}

/* zlib writes no time and no name into the header of gzopen(). */
static struct mkp_error *pack_changelog(struct mkp_package *package)
{
	MKP_CLEANUP_FREE char *text = NULL;
	const char *plain = NULL, *packed = NULL, *place = NULL;
	struct mkp_error *error = below_doc(package, "changelog.gz", &place);
	size_t size = 0;
	gzFile file;
	bool bad;

	if (!error)
		error = mkp_package_write(package, "changelog", 0644, write_changelog);
	if (!error)
		error = mkp_format(&package->result->arena, &plain, "%s/changelog",
				   package->work);
	if (!error)
		error = mkp_format(&package->result->arena, &packed, "%s/%s",
				   package->work, place);
	if (!error)
		error = mkp_file_read(plain, &text, &size);
	if (!error)
		error = mkp_parent_make(packed);
	if (error)
		return error;
	file = gzopen(packed, "wb9");
	if (!file)
		return mkp_error_create_errno(errno, "%s", packed);
	bad = gzwrite(file, text, (unsigned int)size) != (int)size;
	bad |= gzclose(file) != Z_OK;
	return bad ? mkp_error_create(MKP_ERROR_IO, "cannot write %s", packed) : NULL;
}

static struct mkp_error *write_sums(struct mkp_package *package)
{
	static const char script[] = "find usr -type f | LC_ALL=C sort | xargs -d '\\n' "
				     "md5sum >DEBIAN/md5sums";
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct mkp_command command = { .argv = argv, .directory = package->root };
	int status = 0;
	struct mkp_error *error = mkp_spawn(package->signals, &command, &status);

	if (!error && status)
		error = mkp_error_create(MKP_ERROR_IO, "cannot write the checksums of %s",
					 package->name);
	return error;
}

static struct mkp_error *fill(struct mkp_package *package)
{
	const char *copyright = NULL;
	struct mkp_error *error = below_doc(package, "copyright", &copyright);

	if (!error)
		error = mkp_package_write(package, "root/DEBIAN/control", 0644,
					  write_control);
	if (!error)
		error = mkp_package_write(package, "root/DEBIAN/postinst", 0755,
					  write_postinst);
	if (!error)
		error = mkp_package_write(package, copyright, 0644, write_copyright);
	if (!error)
		error = pack_changelog(package);
	if (!error)
		error = write_sums(package);
	return error ? error : mkp_package_settle(package, package->root);
}

static struct mkp_error *build(struct mkp_package *package, const char **ret_path)
{
	const char *epoch = NULL, *path = NULL;
	struct mkp_error *error = fill(package);

	if (!error)
		error = mkp_format(&package->result->arena, &epoch,
				   "SOURCE_DATE_EPOCH=%lld", (long long)package->date);
	if (!error)
		error = mkp_format(&package->result->arena, &path, "%s/%s_%s_%s.deb",
				   package->work, package->name, package->version,
				   deb_arch(package->arch));
	if (!error) {
		const char *const argv[] = { "env",
					     epoch,
					     "LC_ALL=C",
					     "dpkg-deb",
					     "--root-owner-group",
					     "--threads-max=1",
					     "-Zxz",
					     "--build",
					     package->root,
					     path,
					     NULL };

		error = mkp_package_run(package, argv);
	}
	if (!error)
		*ret_path = path;
	return error;
}

const struct mkp_package_format mkp_package_deb = { "deb", "dpkg-deb", "dpkg", build };
