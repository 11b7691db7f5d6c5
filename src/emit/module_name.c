// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a module and the names in its source may look like. The names end up unquoted in
 * C, in a makefile and in file names.
 */
#include <stdio.h>
#include <string.h>

#include "emit/c_text.h"
#include "emit/module_private.h"

struct mkp_error *mkp_module_name(const char *text, char **ret_name)
{
	char *name, *at;

	if (!*text)
		return mkp_error_create(MKP_ERROR_USAGE,
					"a module name can not be empty");
	if (asprintf(&name, "%s%s", *text >= '0' && *text <= '9' ? "_" : "", text) < 0)
		return mkp_error_nomem();
	for (at = name; *at; at++) {
		if (!mkp_c_is_alnum(*at))
			*at = '_';
	}
	if (at - name > MKP_MODULE_NAME_MAX)
		name[MKP_MODULE_NAME_MAX] = '\0';
	*ret_name = name;
	return NULL;
}

static struct mkp_error *refuse(const char *what, const char *name)
{
	return mkp_error_create(MKP_ERROR_USAGE, "'%s' can not be %s", name, what);
}

static bool has_only(const char *string, const char *others)
{
	size_t i;

	for (i = 0; string[i]; i++) {
		if (!mkp_c_is_alnum(string[i]) && !strchr(others, string[i]))
			return false;
	}
	return i > 0;
}

static bool has_callback(const struct mkp_module_object *object)
{
	for (size_t i = 0; i < MKP_AUTHOR_NR_CALLBACKS; i++)
		if (object->callbacks[i])
			return true;
	return false;
}

static struct mkp_error *validate_object(const struct mkp_module_object *object)
{
	size_t i;

	if (object->name && !has_only(object->name, "_-"))
		return refuse("the name of a kernel module", object->name);
	if (!object->nr_functions && !has_callback(object))
		return mkp_error_create(MKP_ERROR_USAGE, "nothing to replace in %s",
					object->name ? object->name : "vmlinux");
	for (i = 0; i < object->nr_functions; i++) {
		if (!mkp_c_is_identifier(object->functions[i].new_symbol))
			return refuse("the symbol of a new function",
				      object->functions[i].new_symbol);
	}
	for (i = 0; i < MKP_AUTHOR_NR_CALLBACKS; i++) {
		if (object->callbacks[i] && !mkp_c_is_identifier(object->callbacks[i]))
			return refuse("the symbol of a callback", object->callbacks[i]);
	}
	return NULL;
}

struct mkp_error *mkp_module_validate(const struct mkp_module *module)
{
	struct mkp_error *error = NULL;
	size_t i;

	if (!mkp_c_is_identifier(module->name) ||
	    strlen(module->name) > MKP_MODULE_NAME_MAX)
		return refuse("the name of a patch module", module->name);
	if (module->release && !has_only(module->release, "_-.+~"))
		return refuse("a kernel release", module->release);
	for (i = 0; i < module->nr_namespaces; i++) {
		if (!has_only(module->namespaces[i], "_-.:"))
			return refuse("an export namespace", module->namespaces[i]);
	}
	for (i = 0; i < module->nr_infos; i++) {
		if (!mkp_c_is_identifier(module->infos[i].key))
			return refuse("a key of .modinfo", module->infos[i].key);
	}
	if (!module->nr_objects)
		return mkp_error_create(MKP_ERROR_USAGE, "nothing to replace");
	for (i = 0; !error && i < module->nr_objects; i++)
		error = validate_object(&module->objects[i]);
	return error;
}
