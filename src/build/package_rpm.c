// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A package for rpm, 4.14 and later.
 */
#include <string.h>

#include "build/files.h"
#include "build/package_private.h"

static void write_licence(const struct mkp_package *package, FILE *stream)
{
	fprintf(stream,
		"A live patch for Linux %s, made by mkpatch.\n\n"
		"Copyright: the authors of the Linux kernel and of the patch\n\n"
		"It is under the terms of the GNU General Public License, version 2, as "
		"the\nkernel is: "
		"https://www.gnu.org/licenses/old-licenses/gpl-2.0.html\n",
		package->release);
}

/* A module is not to be stripped: the loader needs its symbols and relocations. */
static void write_head(const struct mkp_package *package, FILE *stream)
{
	fprintf(stream,
		"%%global debug_package %%{nil}\n%%global __os_install_post %%{nil}\n"
		"%%global _build_id_links none\n"
		"%%global source_date_epoch_from_changelog 0\n"
		"%%global use_source_date_epoch_as_buildtime 1\n"
		"%%global clamp_mtime_to_source_date_epoch 1\n"
		"Name: %s\nVersion: %s\nRelease: 1\n"
		"Summary: Live patch %s for Linux %s\nLicense: GPL-2.0-only\n"
		"Group: System/Kernel\nURL: https://www.kernel.org/\nPackager: %s\n"
		"BuildArch: %s\nAutoReqProv: no\nRequires(post): kmod\n"
		"Provides: livepatch-%s = %s\n",
		package->name, package->version, package->facts->name, package->release,
		package->options->maintainer, package->arch, package->release,
		package->version);
}

static void write_spec(const struct mkp_package *package, FILE *stream)
{
	const struct mkp_package_date date = mkp_package_date(package->date);

	write_head(package, stream);
	fputs("\n%description\n"
	      "It replaces functions of the running kernel, without a reboot:\n",
	      stream);
	mkp_package_write_fixes(package, "- it ", true, stream);
	fputs("\nIt is loaded when it is installed only if the file\n"
	      "/etc/livepatch/load-on-install is there.\n"
	      "\n%prep\n\n%build\n\n"
	      "\n%install\nmkdir -p \"$RPM_BUILD_ROOT\"\n"
	      "cp -a \"$MKPATCH_ROOT/.\" \"$RPM_BUILD_ROOT/\"\n\n%post\n",
	      stream);
	mkp_package_write_load(package, stream);
	fprintf(stream,
		"\n%%files\n%%defattr(-,root,root,-)\n%%dir /usr/lib/livepatch\n"
		"%%dir /%s\n/%s/%s\n%%dir /usr/share/doc/%s\n"
		"%%doc /usr/share/doc/%s/copyright\n"
		"\n%%changelog\n* %s %s %02d %d %s - %s-1\n",
		package->directory, package->directory, package->file, package->name,
		package->name, date.weekday, date.month, date.day, date.year,
		package->options->maintainer, package->version);
	mkp_package_write_fixes(package, "- ", true, stream);
}

/* Nothing of the user's settings, of the host or of the time gets into it. */
static struct mkp_error *run(struct mkp_package *package, const char *spec)
{
	struct mkp_arena *arena = &package->result->arena;
	const char *epoch = NULL, *root = NULL, *home = NULL, *top = NULL, *out = NULL;
	struct mkp_error *error = mkp_format(arena, &epoch, "SOURCE_DATE_EPOCH=%lld",
					     (long long)package->date);

	if (!error)
		error = mkp_format(arena, &root, "MKPATCH_ROOT=%s", package->root);
	if (!error)
		error = mkp_format(arena, &home, "HOME=%s", package->work);
	if (!error)
		error = mkp_format(arena, &top, "_topdir %s/rpm", package->work);
	if (!error)
		error = mkp_format(arena, &out, "_rpmdir %s/out", package->work);
	if (!error) {
		const char *const argv[] = {
			"env",
			epoch,
			root,
			home,
			"LC_ALL=C",
			"rpmbuild",
			"-bb",
			"--quiet",
			"--target",
			package->arch,
			"--define",
			top,
			"--define",
			out,
			"--define",
			"_buildhost mkpatch",
			"--define",
			"_binary_payload w9.xzdio",
			"--define",
			"_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
			spec,
			NULL,
		};

		error = mkp_package_run(package, argv);
	}
	return error;
}

static struct mkp_error *build(struct mkp_package *package, const char **ret_path)
{
	struct mkp_arena *arena = &package->result->arena;
	const char *licence = NULL, *spec = NULL, *path = NULL;
	struct mkp_error *error = mkp_format(
		arena, &licence, "root/usr/share/doc/%s/copyright", package->name);

	if (!error)
		error = mkp_package_write(package, licence, 0644, write_licence);
	if (!error)
		error = mkp_package_write(package, "package.spec", 0644, write_spec);
	if (!error)
		error = mkp_format(arena, &spec, "%s/package.spec", package->work);
	if (!error)
		error = mkp_package_settle(package, package->root);
	if (!error)
		error = run(package, spec);
	if (!error)
		error = mkp_format(arena, &path, "%s/out/%s-%s-1.%s.rpm", package->work,
				   package->name, package->version, package->arch);
	if (!error)
		*ret_path = path;
	return error;
}

const struct mkp_package_format mkp_package_rpm = { "rpm", "rpmbuild",
						    "rpm (Debian) or rpm-build", build };
