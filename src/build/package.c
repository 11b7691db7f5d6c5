// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/package_private.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "build/files.h"

static const struct mkp_package_format *const formats[] = { &mkp_package_deb,
							    &mkp_package_rpm };

void mkp_package_result_init(struct mkp_package_result *result)
{
	*result = (struct mkp_package_result){ 0 };
	mkp_arena_init(&result->arena);
}

void mkp_package_result_deinit(struct mkp_package_result *result)
{
	free(result->refusals.lines);
	mkp_arena_deinit(&result->arena);
}

/* ---- what can be packaged ---- */

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789";

/* Letters, digits, and @more; begins with a letter or a digit. */
static bool is_word(const char *text, const char *more)
{
	size_t length = strspn(text, letters);

	if (!length)
		return false;
	while (text[length] &&
	       (strchr(letters, text[length]) || strchr(more, text[length])))
		length++;
	return !text[length];
}

static const struct mkp_package_format *find_format(const char *name)
{
	for (size_t i = 0; name && i < MKP_ARRAY_SIZE(formats); i++)
		if (!strcmp(name, formats[i]->name))
			return formats[i];
	return NULL;
}

/* Debian policy 5.6.12, without an epoch and a revision, is also a version of rpm. */
static bool is_version(const char *version)
{
	return version[0] >= '0' && version[0] <= '9' && is_word(version, ".+~");
}

/* "Name <name@example.org>", on one line. */
static bool is_maintainer(const char *text)
{
	const char *mail = strstr(text, " <");
	const char *at = mail ? strchr(mail, '@') : NULL;
	const size_t length = strlen(text);

	return mail && mail != text && at && text[length - 1] == '>' &&
	       !strpbrk(text, "\n\r\t%,") && strchr(text, '>') == text + length - 1;
}

struct mkp_error *mkp_package_check_options(const struct mkp_package_options *options)
{
	if (!find_format(options->format))
		return mkp_error_create(MKP_ERROR_USAGE,
					"a package is of the format deb or rpm, not '%s'",
					options->format ? options->format : "");
	if (!options->maintainer || !is_maintainer(options->maintainer))
		return mkp_error_create(MKP_ERROR_USAGE,
					"a package needs --maintainer 'Name "
					"<name@example.org>', not '%s'",
					options->maintainer ? options->maintainer : "");
	if (options->version && !is_version(options->version))
		return mkp_error_create(MKP_ERROR_USAGE,
					"'%s' is no version of a package: a digit, then "
					"letters, digits, '.', '+' and '~'",
					options->version);
	return NULL;
}

static struct mkp_error *refuse(struct mkp_package *package, const char *format, ...)
	MKP_PRINTF(2, 3);
static struct mkp_error *refuse(struct mkp_package *package, const char *format, ...)
{
	struct mkp_package_result *result = package->result;
	struct mkp_error *error;
	va_list args;

	va_start(args, format);
	error = mkp_lines_add(&result->refusals, &result->arena, format, args);
	va_end(args);
	return error;
}

/* What kernel/module/signing.c looks for at the end of a module. */
static struct mkp_error *check_signature(struct mkp_package *package)
{
	static const char mark[] = "~Module signature appended~\n";
	MKP_CLEANUP_FREE char *data = NULL;
	size_t size, length = sizeof(mark) - 1;
	struct mkp_error *error = mkp_file_read(package->options->module, &data, &size);

	if (error || package->options->allow_unsigned ||
	    (size >= length && !memcmp(data + size - length, mark, length)))
		return error;
	return refuse(package, "%s is not signed: sign it first, or say --allow-unsigned",
		      package->options->module);
}

static struct mkp_error *check_release(struct mkp_package *package)
{
	const struct mkp_facts *facts = package->facts;
	const char *magic = facts->vermagic ? facts->vermagic : "";
	const size_t length = strcspn(magic, " ");

	package->release = facts->release;
	if (!facts->release)
		return refuse(package,
			      "%s does not say which kernel it is for: it was not made "
			      "by mkpatch, or for no known kernel",
			      package->options->module);
	if (!is_word(facts->release, "._+~-"))
		return refuse(package, "'%s' can not be in the name of a package",
			      facts->release);
	if (strlen(facts->release) != length ||
	    strncmp(facts->release, magic, length) != 0)
		return refuse(package, "%s was made for %s and built for %.*s",
			      package->options->module, facts->release, (int)length,
			      magic);
	return NULL;
}

static struct mkp_error *check_date(struct mkp_package *package)
{
	const char *line = mkp_verify_line(package->facts->verify, "date=", NULL);
	char *end;

	package->date = package->options->date;
	if (package->date < 0 && line && *line >= '0' && *line <= '9') {
		package->date = strtoll(line, &end, 10);
		if (*end)
			package->date = -1;
	}
	if (package->date >= 0)
		return NULL;
	return mkp_error_create(MKP_ERROR_USAGE,
				"a package needs --date SECONDS, since %s has no line "
				"date= in seconds since 1970",
				package->options->module);
}

static struct mkp_error *check_version(struct mkp_package *package)
{
	const char *version = package->options->version;

	if (!version)
		version = mkp_verify_line(package->facts->verify, "version=", NULL);
	package->version = version ? version : "1";
	if (is_version(package->version))
		return NULL;
	return refuse(package,
		      "the version of the module, '%s', is none of a package: give one "
		      "by --package-version",
		      package->version);
}

static struct mkp_error *check_module(struct mkp_package *package)
{
	struct mkp_error *error = check_signature(package);

	if (!error)
		error = check_release(package);
	if (!error)
		error = check_version(package);
	if (!error && !is_word(package->facts->name, "_"))
		error = refuse(package, "'%s' can not be in the name of a package",
			       package->facts->name);
	return error ? error : check_date(package);
}

/* ---- what it says ---- */

void mkp_package_write_text(const char *text, bool percent, FILE *stream)
{
	MKP_CLEANUP_FREE char *escaped = NULL;
	struct mkp_error *error = mkp_text_escape_string(text, &escaped);

	/* Without memory the stream has an error of its own. */
	mkp_error_destroy(error);
	for (const char *at = escaped; at && *at; at++) {
		fputc(*at, stream);
		if (percent && *at == '%')
			fputc('%', stream);
	}
}

void mkp_package_write_fixes(const struct mkp_package *package, const char *prefix,
			     bool percent, FILE *stream)
{
	const struct mkp_facts *facts = package->facts;
	bool any = false;

	for (size_t i = 0; i < facts->nr_rows; i++) {
		if (facts->rows[i].kind != MKP_FACT_FIX)
			continue;
		fprintf(stream, "%sfixes ", prefix);
		mkp_package_write_text(facts->rows[i].name, percent, stream);
		fputc('\n', stream);
		any = true;
	}
	if (!any)
		fprintf(stream, "%sa live patch for Linux %s\n", prefix,
			package->release);
}

void mkp_package_write_load(const struct mkp_package *package, FILE *stream)
{
	const char *name = package->facts->name;

	fprintf(stream,
		"if [ -e /etc/livepatch/load-on-install ] &&\n"
		"\t[ \"$(uname -r)\" = '%s' ] &&\n"
		"\t[ ! -e '/sys/module/%s' ]; then\n"
		"\tinsmod '/%s/%s' ||\n"
		"\t\techo 'the live patch %s is installed, and could not be loaded' >&2\n"
		"fi\n",
		package->release, name, package->directory, package->file, name);
}

struct mkp_package_date mkp_package_date(int64_t seconds)
{
	static const char weekdays[][4] = { "Sun", "Mon", "Tue", "Wed",
					    "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	const time_t when = seconds;
	struct tm tm = { 0 };

	gmtime_r(&when, &tm);
	return (struct mkp_package_date){
		weekdays[tm.tm_wday], months[tm.tm_mon], tm.tm_mday, tm.tm_year + 1900,
		tm.tm_hour,	      tm.tm_min,	 tm.tm_sec,
	};
}

/* ---- making it ---- */

struct mkp_error *mkp_package_write(struct mkp_package *package, const char *path,
				    unsigned int mode,
				    void (*write)(const struct mkp_package *package,
						  FILE *stream))
{
	MKP_CLEANUP_FREE char *text = NULL;
	const char *file = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct mkp_error *error;

	if (!stream)
		return mkp_error_nomem();
	write(package, stream);
	if (fclose(stream))
		return mkp_error_nomem();
	error = mkp_format(&package->result->arena, &file, "%s/%s", package->work, path);
	if (!error)
		error = mkp_file_write(file, text, size);
	if (!error && chmod(file, mode))
		error = mkp_error_create_errno(errno, "%s", file);
	return error;
}

struct mkp_error *mkp_package_settle(const struct mkp_package *package,
				     const char *directory)
{
	const struct timespec times[2] = { { .tv_sec = package->date },
					   { .tv_sec = package->date } };
	MKP_CLEANUP_FREE char *copy = strdup(directory);
	char *const roots[] = { copy, NULL };
	struct mkp_error *error = NULL;
	FTSENT *entry;
	FTS *fts;

	if (!copy)
		return mkp_error_nomem();
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!fts)
		return mkp_error_create_errno(errno, "%s", directory);
	while (!error && (entry = fts_read(fts))) {
		const bool opens = entry->fts_info == FTS_DP ||
				   entry->fts_statp->st_mode & S_IXUSR;

		/* A directory behind what is in it. */
		if (entry->fts_info == FTS_D)
			continue;
		if (chmod(entry->fts_accpath, opens ? 0755 : 0644) ||
		    utimensat(AT_FDCWD, entry->fts_accpath, times, 0))
			error = mkp_error_create_errno(errno, "%s", entry->fts_path);
	}
	fts_close(fts);
	return error;
}

struct mkp_error *mkp_package_run(struct mkp_package *package, const char *const *argv)
{
	const char *log = NULL;
	struct mkp_command command = { .argv = argv };
	MKP_CLEANUP_FREE char *said = NULL;
	int status = 0;
	struct mkp_error *error = mkp_format(&package->result->arena, &log, "%s/log",
					     package->work);
	char *end;

	command.log = log;
	if (!error)
		error = mkp_spawn(package->signals, &command, &status);
	if (error || !status)
		return error;
	error = mkp_file_read(log, &said, NULL);
	if (error)
		return error;
	/* The last line says what was wrong. */
	end = said + strlen(said);
	while (end > said && end[-1] == '\n')
		*--end = '\0';
	end = strrchr(said, '\n');
	return mkp_error_create(MKP_ERROR_IO, "%s makes no package: exit code %d: %s",
				package->options->format, status, end ? end + 1 : said);
}

static struct mkp_error *check_tool(struct mkp_package *package,
				    const struct mkp_package_format *format)
{
	const char *const argv[] = { format->tool, "--version", NULL };
	const struct mkp_command command = { .argv = argv };
	int status = 0;

	return mkp_error_wrap(mkp_spawn(package->signals, &command, &status),
			      "%s is needed: install the package %s", format->tool,
			      format->tool_package);
}

static struct mkp_error *name_all(struct mkp_package *package)
{
	struct mkp_arena *arena = &package->result->arena;
	char *name;
	struct mkp_error *error = mkp_format(arena, &package->directory,
					     "usr/lib/livepatch/%s", package->release);

	if (!error)
		error = mkp_format(arena, &package->file, "%s.ko", package->facts->name);
	if (!error)
		error = mkp_format(arena, &package->root, "%s/root", package->work);
	if (error)
		return error;
	name = mkp_arena_printf(arena, "livepatch-%s-%s", package->release,
				package->facts->name);
	if (!name)
		return mkp_error_nomem();
	/* Debian's names are of small letters, and without '_'. */
	for (char *at = name; *at; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at += 'a' - 'A';
		else if (*at == '_')
			*at = '-';
	}
	package->name = name;
	return NULL;
}

static struct mkp_error *install_module(struct mkp_package *package)
{
	const char *file = NULL;
	struct mkp_error *error = mkp_format(&package->result->arena, &file, "%s/%s/%s",
					     package->root, package->directory,
					     package->file);

	if (!error)
		error = mkp_file_install(package->options->module, file);
	if (!error && chmod(file, 0644))
		error = mkp_error_create_errno(errno, "%s", file);
	return error;
}

static struct mkp_error *deliver(struct mkp_package *package, const char *made)
{
	const char *path = NULL;
	struct mkp_error *error = mkp_format(&package->result->arena, &path, "%s/%s",
					     package->options->output,
					     strrchr(made, '/') + 1);

	if (!error)
		error = mkp_file_install(made, path);
	if (!error)
		package->result->path = path;
	return error;
}

static struct mkp_error *make(struct mkp_package *package)
{
	const struct mkp_package_format *format = find_format(package->options->format);
	const char *made = NULL;
	struct mkp_error *error = name_all(package);

	if (!error)
		error = check_tool(package, format);
	if (!error)
		error = install_module(package);
	if (!error)
		error = format->build(package, &made);
	return error ? error : deliver(package, made);
}

/* Scratch space beside the result, gone at the end. */
static struct mkp_error *make_in_scratch(struct mkp_package *package)
{
	MKP_CLEANUP_FREE char *real = NULL;
	struct mkp_error *error = mkp_directory_make(package->options->output), *other;
	char *work;

	if (error)
		return error;
	real = realpath(package->options->output, NULL);
	if (!real)
		return mkp_error_create_errno(errno, "%s", package->options->output);
	work = mkp_arena_printf(&package->result->arena, "%s/.package-XXXXXX", real);
	if (!work)
		return mkp_error_nomem();
	if (!mkdtemp(work))
		return mkp_error_create_errno(errno, "%s", work);
	package->work = work;
	error = make(package);
	other = mkp_tree_remove(work);
	if (!error)
		return other;
	mkp_error_destroy(other);
	return error;
}

struct mkp_error *mkp_package_make(const struct mkp_package_options *options,
				   struct mkp_package_result *result)
{
	struct mkp_package package = { .options = options, .result = result };
	struct mkp_facts *facts = NULL;
	struct mkp_error *error = mkp_package_check_options(options);

	if (!error)
		error = mkp_facts_open(options->module, &facts);
	if (error)
		return error;
	package.facts = facts;
	package.arch = mkp_facts_arch(facts);
	error = check_module(&package);
	if (!error && !result->refusals.count)
		error = mkp_signals_create(&package.signals);
	if (!error && !result->refusals.count)
		error = make_in_scratch(&package);
	mkp_signals_destroy(package.signals);
	mkp_facts_destroy(facts);
	return error;
}
