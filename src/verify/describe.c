// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a module says of itself, without asking whether it is true.
 */
#include "verify/private.h"

#include "base/array.h"

struct mkp_error *mkp_verify_describe(const char *path, struct mkp_verify_report *report,
				      struct mkp_verify **ret_verify)
{
	struct mkp_verify *verify;
	struct mkp_error *error = mkp_array_create(1, sizeof(*verify), &verify);

	if (error)
		return error;
	verify->report = report;
	report->path = path;
	error = mkp_object_open(path, &verify->object);
	if (!error)
		report->name = mkp_verify_modinfo(verify->object, "name=", NULL);
	if (!error && (verify->object->type != ET_REL || !report->name))
		error = mkp_error_create(MKP_ERROR_USAGE, "%s: not a kernel module",
					 path);
	if (!error)
		verify->arch = mkp_arch_find(verify->object->machine);
	if (!error)
		error = mkp_verify_read_module(verify);
	if (!error)
		error = mkp_verify_pass_records(verify);
	if (error) {
		mkp_verify_destroy(verify);
		return error;
	}
	*ret_verify = verify;
	return NULL;
}

size_t mkp_verify_nr_replaced(const struct mkp_verify *verify)
{
	return verify->nr_functions;
}

struct mkp_verify_replaced mkp_verify_replaced(const struct mkp_verify *verify, size_t i)
{
	const struct mkp_verify_function *function = &verify->functions[i];
	uint32_t index = mkp_verify_map_at(&verify->code, &function->code);
	const struct mkp_symbol *symbol = &verify->object->symbols[index];

	return (struct mkp_verify_replaced){
		.object = function->object ? function->object : "vmlinux",
		.name = function->name,
		.position = function->position,
		.old_size = function->old_size,
		.new_size = index ? symbol->size : function->new_size,
		.new_symbol = index ? symbol->name : NULL,
		.source = function->source,
	};
}

size_t mkp_verify_nr_called(const struct mkp_verify *verify)
{
	return verify->nr_callbacks;
}

struct mkp_verify_called mkp_verify_called(const struct mkp_verify *verify, size_t i)
{
	static const char *const kinds[MKP_VERIFY_NR_CALLBACKS] = {
		"pre_patch", "post_patch", "pre_unpatch", "post_unpatch"
	};
	const struct mkp_verify_callback *callback = &verify->callbacks[i];
	uint32_t index = mkp_verify_map_at(&verify->code, &callback->code);

	return (struct mkp_verify_called){
		.object = callback->object ? callback->object : "vmlinux",
		.kind = kinds[callback->kind],
		.symbol = index ? verify->object->symbols[index].name : NULL,
	};
}

const char *mkp_verify_line(const struct mkp_verify *verify, const char *key,
			    uint64_t *cursor)
{
	return mkp_verify_modinfo(verify->object, key, cursor);
}
