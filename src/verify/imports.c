// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ordinary undefined symbols: each must be exported, with the checksum that modpost put
 * into __versions, in a namespace that the module imports, by vmlinux or by a module
 * that it depends on (kernel/module/main.c, resolve_symbol() and version.c, v6.1).
 */
#include <inttypes.h>
#include <string.h>

#include "verify/private.h"

/* struct modversion_info: include/linux/module.h. */
#define VERSION_SIZE	64
#define VERSION_NAME_AT 8

struct imports {
	struct mkp_verify *verify;
	const struct mkp_section *versions; /* the null section if there is none */
	struct mkp_index names;		    /* hash of name -> entry of __versions */
};

static const char *version_name(const struct imports *imports, uint64_t entry)
{
	const char *name = (const char *)imports->versions->data + entry * VERSION_SIZE +
			   VERSION_NAME_AT;
	size_t room = VERSION_SIZE - VERSION_NAME_AT;

	return strnlen(name, room) < room ? name : "";
}

static struct mkp_error *read_versions(struct imports *imports)
{
	const struct mkp_object *object = imports->verify->object;
	struct mkp_error *error = NULL;

	imports->versions =
		&object->sections[mkp_object_find_section(object, "__versions")];
	for (uint64_t i = 0; i < imports->versions->size / VERSION_SIZE && !error; i++)
		error = mkp_index_add(&imports->names,
				      mkp_hash_string(version_name(imports, i)),
				      (uint32_t)i);
	mkp_index_seal(&imports->names);
	if (!error && imports->versions->size % VERSION_SIZE)
		error = mkp_verify_add(imports->verify->report, MKP_VERIFY_TABLE_SIZE,
				       "__versions", "no multiple of %d bytes",
				       VERSION_SIZE);
	return error;
}

static bool find_version(const struct imports *imports, const char *name,
			 uint64_t *ret_crc)
{
	size_t count;
	const struct mkp_index_entry *entry = mkp_index_find(
		&imports->names, mkp_hash_string(name), &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(version_name(imports, entry[i].id), name) != 0)
			continue;
		*ret_crc = mkp_verify_word(imports->verify->object,
					   imports->versions->data +
						   (uint64_t)entry[i].id * VERSION_SIZE,
					   8);
		return true;
	}
	return false;
}

static struct mkp_error *check_version(const struct imports *imports, const char *name,
				       const struct mkp_verify_export *export)
{
	struct mkp_verify_report *report = imports->verify->report;
	uint64_t crc;

	if (!export->has_crc)
		return NULL;
	if (!find_version(imports, name, &crc))
		return mkp_verify_add(report, MKP_VERIFY_NO_VERSION, name,
				      "not in __versions");
	if (crc == export->crc)
		return NULL;
	return mkp_verify_add(report, MKP_VERIFY_CRC, name,
			      "0x%08" PRIx64 " in the module, 0x%08" PRIx32 " in %s", crc,
			      export->crc, export->object);
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
	struct imports imports = { .verify = verify };
	struct mkp_error *error;

	mkp_index_init(&imports.names);
	error = read_versions(&imports);
	if (!error)
		error = check_layout(&imports);
	for (uint32_t i = 1; i < verify->object->nr_symbols && !error; i++)
		if (is_import(&verify->object->symbols[i]))
			error = check_import(&imports, verify->object->symbols[i].name);
	mkp_index_deinit(&imports.names);
	return error ? error : check_enabled(verify);
}
