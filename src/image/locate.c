// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where distributions put the files of a kernel: rows of paths, the best first. In a path
 * %R is the release, "6.1.0-56-amd64", and for SUSE, which names its trees by version and
 * flavour, %V and %F are "6.4.0-150600.21" and "default" of "6.4.0-150600.21-default".
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "image/private.h"

/* What a row is. */
enum {
	ROW_FILE = 0,
	ROW_SYSMAP = 1,	 /* a file that is not Debian's placeholder */
	ROW_DIR = 2,	 /* a directory that has a Makefile */
	ROW_RUNNING = 4, /* a file that speaks of the running kernel */
	ROW_LINKED = 8,	 /* goes through a link of a package, absolute in Debian */
};

struct row {
	const char *path;
	unsigned flags;
};

static const struct row vmlinux_rows[] = {
	{ "/usr/lib/debug/boot/vmlinux-%R", ROW_FILE },	       /* Debian, Ubuntu */
	{ "/usr/lib/debug/lib/modules/%R/vmlinux", ROW_FILE }, /* Fedora, RHEL */
	{ "/usr/lib/debug/usr/lib/modules/%R/vmlinux", ROW_FILE },
	{ "/usr/lib/debug/boot/vmlinux-%R.debug", ROW_FILE }, /* SUSE */
	{ "/usr/lib/debug/usr/lib/modules/%R/vmlinux.debug", ROW_FILE },
	{ "/usr/lib/debug/lib/modules/%R/vmlinux.debug", ROW_FILE },
	/* A tree that was built here; after the packages, since it may have moved on. */
	{ "/lib/modules/%R/build/vmlinux", ROW_LINKED },
	{ "/usr/lib/debug/boot/System.map-%R", ROW_SYSMAP }, /* Debian's real one */
	{ "/boot/System.map-%R", ROW_SYSMAP },		     /* SUSE, Ubuntu */
	{ "/lib/modules/%R/System.map", ROW_SYSMAP },	     /* Fedora, RHEL */
	{ "/usr/lib/modules/%R/System.map", ROW_SYSMAP },
	{ "/lib/modules/%R/build/System.map", ROW_SYSMAP | ROW_LINKED },
	{ "/proc/kallsyms", ROW_RUNNING },
};

static const struct row headers_rows[] = {
	{ "/usr/src/linux-headers-%R", ROW_DIR },	/* Debian, Ubuntu */
	{ "/usr/src/kernels/%R", ROW_DIR },		/* Fedora, RHEL */
	{ "/usr/src/linux-%V-obj/x86_64/%F", ROW_DIR }, /* SUSE */
	{ "/usr/src/linux-%V-obj/aarch64/%F", ROW_DIR },
	{ "/usr/src/linux-%V-obj/ppc64le/%F", ROW_DIR },
	{ "/usr/src/linux-%V-obj/s390x/%F", ROW_DIR },
	{ "/usr/src/linux-%V-obj/riscv64/%F", ROW_DIR },
	{ "/lib/modules/%R/build", ROW_DIR | ROW_LINKED }, /* all, through a link */
	{ "/usr/lib/modules/%R/build", ROW_DIR | ROW_LINKED },
};

static const struct row symvers_rows[] = {
	{ "/usr/src/linux-headers-%R/Module.symvers", ROW_FILE },
	{ "/usr/src/kernels/%R/Module.symvers", ROW_FILE },
	{ "/usr/src/linux-%V-obj/x86_64/%F/Module.symvers", ROW_FILE },
	{ "/usr/src/linux-%V-obj/aarch64/%F/Module.symvers", ROW_FILE },
	{ "/usr/src/linux-%V-obj/ppc64le/%F/Module.symvers", ROW_FILE },
	{ "/usr/src/linux-%V-obj/s390x/%F/Module.symvers", ROW_FILE },
	{ "/usr/src/linux-%V-obj/riscv64/%F/Module.symvers", ROW_FILE },
	{ "/lib/modules/%R/build/Module.symvers", ROW_LINKED },
	{ "/usr/lib/modules/%R/build/Module.symvers", ROW_LINKED },
	{ "/boot/symvers-%R.gz", ROW_FILE },
	{ "/boot/symvers-%R.xz", ROW_FILE },
	{ "/boot/symvers-%R.zst", ROW_FILE },
	{ "/lib/modules/%R/symvers.gz", ROW_FILE },
	{ "/lib/modules/%R/symvers.xz", ROW_FILE },
	{ "/usr/lib/modules/%R/symvers.gz", ROW_FILE },
	{ "/usr/lib/modules/%R/symvers.xz", ROW_FILE },
};

struct system {
	struct mkp_arena *arena;
	const char *root; /* without trailing slash: "" for this system */
	const char *release;
	const char *flavour; /* in release, behind its last '-'; NULL: none */
	bool running;	     /* the release is what runs here */
};

static void expand_letter(const struct system *system, char letter, FILE *stream)
{
	if (letter == 'R')
		fputs(system->release, stream);
	else if (letter == 'F')
		fputs(system->flavour, stream);
	else if (letter == 'V')
		fwrite(system->release, 1,
		       (size_t)(system->flavour - system->release) - 1, stream);
}

/* Allocated text below the root of the system. */
static struct mkp_error *expand(const struct system *system, const char *path,
				char **ret_text)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return mkp_error_nomem();
	fputs(system->root, stream);
	for (; *path; path++) {
		if (*path == '%')
			expand_letter(system, *++path, stream);
		else
			fputc(*path, stream);
	}
	if (fclose(stream)) {
		free(text);
		return mkp_error_nomem();
	}
	*ret_text = text;
	return NULL;
}

/*
 * Does @path lead out of the other system? An absolute symbolic link below a sysroot, as
 * /lib/modules/R/build is one, would end in this system's files.
 */
static bool leaves_root(const struct system *system, const char *path)
{
	MKP_CLEANUP_FREE char *real = NULL;
	MKP_CLEANUP_FREE char *root = NULL;
	size_t length;

	if (!*system->root)
		return false;
	real = realpath(path, NULL);
	root = realpath(system->root, NULL);
	if (!real || !root)
		return true;
	length = strlen(root);
	return strncmp(real, root, length) != 0 || real[length] != '/';
}

static bool has_makefile(const char *directory)
{
	MKP_CLEANUP_FREE char *makefile = NULL;

	if (asprintf(&makefile, "%s/Makefile", directory) < 0) {
		makefile = NULL;
		return false;
	}
	return !access(makefile, R_OK);
}

static bool is_there(const struct system *system, const struct row *row, const char *path)
{
	struct stat st;

	if ((row->flags & ROW_RUNNING) && !system->running)
		return false;
	if (access(path, R_OK) || stat(path, &st) ||
	    ((row->flags & ROW_LINKED) && leaves_root(system, path)))
		return false;
	if (row->flags & ROW_DIR)
		return S_ISDIR(st.st_mode) && has_makefile(path);
	if ((row->flags & ROW_SYSMAP) && mkp_sysmap_is_placeholder(path))
		return false;
	return S_ISREG(st.st_mode);
}

/* The first row that is there; *ret_path stays NULL if none is. */
static struct mkp_error *find(const struct system *system, const struct row *rows,
			      size_t count, const char **ret_path)
{
	struct mkp_error *error = NULL;
	size_t i;

	for (i = 0; !error && !*ret_path && i < count; i++) {
		MKP_CLEANUP_FREE char *path = NULL;

		if (!system->flavour && strstr(rows[i].path, "%F"))
			continue;
		error = expand(system, rows[i].path, &path);
		if (error || !is_there(system, &rows[i], path))
			continue;
		*ret_path = mkp_arena_strdup(system->arena, path);
		if (!*ret_path)
			error = mkp_error_nomem();
	}
	return error;
}

static struct mkp_error *find_all(const struct system *system,
				  struct mkp_locations *locations)
{
	struct mkp_error *error;

	error = find(system, vmlinux_rows, MKP_ARRAY_SIZE(vmlinux_rows),
		     &locations->vmlinux);
	if (!error)
		error = find(system, headers_rows, MKP_ARRAY_SIZE(headers_rows),
			     &locations->headers);
	if (!error)
		error = find(system, symvers_rows, MKP_ARRAY_SIZE(symvers_rows),
			     &locations->symvers);
	return error;
}

static bool is_running(const char *root, const char *release)
{
	struct utsname uts;

	return !*root && !uname(&uts) && !strcmp(uts.release, release);
}

/* "/" and "/some/root/" without the last slash. */
static char *trim_root(struct mkp_arena *arena, const char *root)
{
	char *copy = mkp_arena_strdup(arena, root);
	size_t length = copy ? strlen(copy) : 0;

	while (length && copy[length - 1] == '/')
		copy[--length] = '\0';
	return copy;
}

static const char *find_flavour(const char *release)
{
	const char *dash = strrchr(release, '-');

	return dash && dash > release && dash[1] ? dash + 1 : NULL;
}

struct mkp_error *mkp_locations_find(const char *sysroot, const char *release,
				     struct mkp_locations *ret_locations)
{
	struct mkp_locations locations = { 0 };
	struct system system = {
		.arena = &locations.arena,
		.release = release,
		.flavour = find_flavour(release),
	};
	struct mkp_error *error;

	if (!*release || *release == '.' || strchr(release, '/'))
		return mkp_error_create(MKP_ERROR_USAGE, "'%s' is not a kernel release",
					release);
	mkp_arena_init(&locations.arena);
	system.root = trim_root(&locations.arena, sysroot);
	if (system.root) {
		system.running = is_running(system.root, release);
		error = find_all(&system, &locations);
	} else {
		error = mkp_error_nomem();
	}
	if (error)
		mkp_locations_deinit(&locations);
	else
		*ret_locations = locations;
	return error;
}

void mkp_locations_deinit(struct mkp_locations *locations)
{
	mkp_arena_deinit(&locations->arena);
	*locations = (struct mkp_locations){ 0 };
}
