// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ordinary undefined symbols: each must be exported, with the checksum that modpost put
 * into __versions or its successor, in a namespace that the module imports, by vmlinux or
 * by a module that it depends on (kernel/module/main.c, resolve_symbol() and version.c,
 * v6.1).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "verify/private.h"

/* struct modversion_info: include/linux/module.h. */
#define VERSION_SIZE	64
#define VERSION_NAME_AT 8

struct version {
	const char *name;
	uint64_t crc;
};

/* A table of checksums. A module may have one of each kind, and a kernel reads either. */
struct versions {
	const char *section; /* NULL: there is none */
	struct version *entries;
	size_t nr_entries;
	struct mkp_index names; /* hash of name -> entry */
};

struct imports {
	struct mkp_verify *verify;
	struct versions basic;
	struct versions extended;
};

static const struct mkp_section *find_section(const struct imports *imports,
					      const char *name)
{
	const struct mkp_object *object = imports->verify->object;

	return &object->sections[mkp_object_find_section(object, name)];
}

static struct mkp_error *start(struct versions *versions, const char *section,
			       size_t room)
{
	versions->section = section;
	return mkp_array_create(room, sizeof(*versions->entries), &versions->entries);
}

static struct mkp_error *put(struct versions *versions, const char *name, uint64_t crc)
{
	versions->entries[versions->nr_entries] = (struct version){ name, crc };
	return mkp_index_add(&versions->names, mkp_hash_string(name),
			     (uint32_t)versions->nr_entries++);
}

static struct mkp_error *read_basic(struct imports *imports)
{
	static const char name[] = "__versions";
	const struct mkp_section *section = find_section(imports, name);
	const size_t count = section->size / VERSION_SIZE;
	const size_t room = VERSION_SIZE - VERSION_NAME_AT;
	struct mkp_error *error;

	error = start(&imports->basic, name, count);
	for (size_t i = 0; i < count && !error; i++) {
		const uint8_t *at = section->data + i * VERSION_SIZE;
		const char *text = (const char *)at + VERSION_NAME_AT;

		error = put(&imports->basic, strnlen(text, room) < room ? text : "",
			    mkp_verify_word(imports->verify->object, at, 8));
	}
	mkp_index_seal(&imports->basic.names);
	if (!error && section->size % VERSION_SIZE)
		error = mkp_verify_add(imports->verify->report, MKP_VERIFY_TABLE_SIZE,
				       name, "no multiple of %d bytes", VERSION_SIZE);
	return error;
}

/*
 * Names of any length: numbers in one section, names in another, each ended by a NUL,
 * since 54ac1ac8edeb in 6.14; as elf_validity_cache_index_versions() in
 * kernel/module/main.c reads them.
 */
static struct mkp_error *read_extended(struct imports *imports)
{
	static const char numbers_name[] = "__version_ext_crcs";
	const struct mkp_section *numbers = find_section(imports, numbers_name);
	const struct mkp_section *names = find_section(imports, "__version_ext_names");
	const char *at = (const char *)names->data;
	const char *end = at ? at + names->size : NULL;
	const size_t count = numbers->size / 4;
	struct mkp_error *error;

	if (!numbers->data && !at)
		return NULL;
	error = start(&imports->extended, "__version_ext_names", count);
	for (size_t i = 0; i < count && at < end && !end[-1] && !error; i++) {
		error = put(&imports->extended, at,
			    mkp_verify_word(imports->verify->object,
					    numbers->data + 4 * i, 4));
		at += strlen(at) + 1;
	}
	mkp_index_seal(&imports->extended.names);
	if (!error &&
	    (numbers->size % 4 || imports->extended.nr_entries < count || at < end))
		error = mkp_verify_add(imports->verify->report, MKP_VERIFY_TABLE_SIZE,
				       numbers_name, "%zu numbers, and not as many names",
				       count);
	return error;
}

static const struct version *find_version(const struct versions *versions,
					  const char *name)
{
	size_t count;
	const struct mkp_index_entry *entry = mkp_index_find(
		&versions->names, mkp_hash_string(name), &count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(versions->entries[entry[i].id].name, name))
			return &versions->entries[entry[i].id];
	return NULL;
}

static struct mkp_error *check_in(const struct imports *imports,
				  const struct versions *versions, const char *name,
				  const struct mkp_verify_export *export)
{
	struct mkp_verify_report *report = imports->verify->report;
	const struct version *version = find_version(versions, name);

	if (!version)
		return mkp_verify_add(report, MKP_VERIFY_NO_VERSION, name, "not in %s",
				      versions->section);
	if (version->crc == export->crc)
		return NULL;
	return mkp_verify_add(report, MKP_VERIFY_CRC, name,
			      "0x%08" PRIx64 " in the module, 0x%08" PRIx32 " in %s",
			      version->crc, export->crc, export->object);
}

static struct mkp_error *check_version(const struct imports *imports, const char *name,
				       const struct mkp_verify_export *export)
{
	const bool extended = imports->extended.section;
	struct mkp_error *error = NULL;

	if (!export->has_crc)
		return NULL;
	if (extended)
		error = check_in(imports, &imports->extended, name, export);
	/* modpost leaves out what has no room, if the other table has it. */
	if (!error && (!extended || (imports->basic.nr_entries &&
				     strlen(name) < VERSION_SIZE - VERSION_NAME_AT)))
		error = check_in(imports, &imports->basic, name, export);
	return error;
}

/* Whether @word is one of the comma-separated words of depends=. */
static bool depends_on(const struct mkp_verify *verify, const char *word)
{
	const char *at = mkp_verify_modinfo(verify->object, "depends=", NULL);
	size_t length = strlen(word);

	while (at && *at) {
		size_t size = strcspn(at, ",");

		if (size == length && !strncmp(at, word, length))
			return true;
		at += size;
		at += *at == ',';
	}
	return false;
}

static bool imports_namespace(const struct mkp_verify *verify, const char *space)
{
	uint64_t cursor = 0;
	const char *import;

	while ((import = mkp_verify_modinfo(verify->object, "import_ns=", &cursor)))
		if (!strcmp(import, space))
			return true;
	return false;
}

/* Whether @name is in the list, in which a last '*' stands for any rest. */
static bool is_in_list(const char *list, const char *name)
{
	while (*list) {
		size_t size = strcspn(list, ",");
		bool any = size && list[size - 1] == '*';
		size_t fixed = any ? size - 1 : size;

		if (!strncmp(list, name, fixed) && (any || !name[fixed]))
			return true;
		list += size;
		list += *list == ',';
	}
	return false;
}

/*
 * Namespaces "module:NAME,..." are for modules of these names (since 707f853d7fa3 in
 * 6.16): verify_module_namespace() in kernel/module/main.c.
 */
static struct mkp_error *check_namespace(const struct mkp_verify *verify,
					 const char *name, const char *space)
{
	static const char closed[] = "module:";
	const char *own;

	if (strncmp(space, closed, strlen(closed)) != 0)
		return imports_namespace(verify, space)
			       ? NULL
			       : mkp_verify_add(verify->report, MKP_VERIFY_NAMESPACE,
						name, "exported in the namespace %s",
						space);
	own = mkp_verify_modinfo(verify->object, "name=", NULL);
	if (own && is_in_list(space + strlen(closed), own))
		return NULL;
	return mkp_verify_add(verify->report, MKP_VERIFY_NAMESPACE, name,
			      "exported for %s only", space + strlen(closed));
}

static struct mkp_error *check_provider(const struct imports *imports, const char *name,
					const struct mkp_verify_export *export)
{
	const struct mkp_verify *verify = imports->verify;

	if (strcmp(export->object, "vmlinux") != 0 && !depends_on(verify, export->object))
		return mkp_verify_add(verify->report, MKP_VERIFY_DEPENDS, name,
				      "exported by %s, on which the module does not "
				      "depend",
				      export->object);
	return export->space && *export->space
		       ? check_namespace(verify, name, export->space)
		       : NULL;
}

bool mkp_verify_find_export(const struct mkp_verify *verify, const char *name,
			    struct mkp_verify_export *ret_export)
{
	for (size_t i = 0; i < verify->nr_images; i++)
		if (mkp_verify_image_export(verify->images[i], name, ret_export))
			return true;
	return mkp_verify_symvers_find(verify->symvers, name, ret_export);
}

/* Both tell of the same kernel, or one of them is another kernel's. */
static struct mkp_error *cross_check(const struct imports *imports, const char *name,
				     const struct mkp_verify_export *export)
{
	struct mkp_verify_export other;

	if (!mkp_verify_symvers_find(imports->verify->symvers, name, &other) ||
	    !export->has_crc || other.crc == export->crc)
		return NULL;
	return mkp_verify_add(imports->verify->report, MKP_VERIFY_CRC, name,
			      "0x%08" PRIx32 " in %s, 0x%08" PRIx32 " in Module.symvers",
			      export->crc, export->object, other.crc);
}

static struct mkp_error *check_import(struct imports *imports, const char *name)
{
	struct mkp_verify_report *report = imports->verify->report;
	struct mkp_verify_item item = { .kind = "import", .name = name, .position = -1 };
	struct mkp_verify_export export;
	size_t before = report->nr_findings;
	struct mkp_error *error;

	if (!mkp_verify_find_export(imports->verify, name, &export)) {
		error = mkp_verify_add(report, MKP_VERIFY_NO_EXPORT, name,
				       "nobody exports it");
	} else {
		item.object = export.object;
		error = check_version(imports, name, &export);
		if (!error)
			error = check_provider(imports, name, &export);
		if (!error)
			error = cross_check(imports, name, &export);
	}
	item.verdict = report->nr_findings > before ? MKP_WRONG : MKP_PROVED;
	return error ? error : mkp_verify_add_item(report, &item);
}

/* module_layout stands for struct module and what it consists of. */
static struct mkp_error *check_layout(struct imports *imports)
{
	struct mkp_verify_export export;

	if (!mkp_verify_image_export(imports->verify->images[0], "module_layout",
				     &export))
		return NULL;
	return check_version(imports, "module_layout", &export);
}

static bool is_import(const struct mkp_symbol *symbol)
{
	/* Livepatch references that went astray have findings of their own. */
	return symbol->section == MKP_SHN_UNDEF && *symbol->name &&
	       strncmp(symbol->name, ".klp.", 5) != 0 &&
	       strncmp(symbol->name, ".mkp.", 5) != 0;
}

/* One of the two is in every patch, however it describes itself. */
static struct mkp_error *check_enabled(struct mkp_verify *verify)
{
	static const char *const names[] = { "klp_enable_patch",
					     "mkpatch_core_register" };

	for (size_t i = 0; i < MKP_ARRAY_SIZE(names); i++) {
		size_t count;
		const struct mkp_index_entry *entry = mkp_index_find(
			&verify->object->names, mkp_hash_string(names[i]), &count);

		for (size_t k = 0; k < count; k++)
			if (!strcmp(verify->object->symbols[entry[k].id].name, names[i]))
				return NULL;
	}
	return mkp_verify_add(verify->report, MKP_VERIFY_ENABLE, NULL,
			      "no import of klp_enable_patch()");
}

struct mkp_error *mkp_verify_pass_imports(struct mkp_verify *verify)
{
	struct imports imports = { .verify = verify, .basic.section = "__versions" };
	struct mkp_error *error;

	mkp_index_init(&imports.basic.names);
	mkp_index_init(&imports.extended.names);
	error = read_basic(&imports);
	if (!error)
		error = read_extended(&imports);
	if (!error)
		error = check_layout(&imports);
	for (uint32_t i = 1; i < verify->object->nr_symbols && !error; i++)
		if (is_import(&verify->object->symbols[i]))
			error = check_import(&imports, verify->object->symbols[i].name);
	mkp_index_deinit(&imports.basic.names);
	mkp_index_deinit(&imports.extended.names);
	free(imports.basic.entries);
	free(imports.extended.entries);
	return error ? error : check_enabled(verify);
}
