// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The audit: opens everything, then runs the passes. Each pass reports all that it finds
 * and leaves what it learnt to those after it.
 */
#include "verify/verify.h"

#include "base/array.h"
#include "verify/private.h"

/* A module that can not be read is one that no kernel should load. */
static struct mkp_error *open_module(struct mkp_verify *verify)
{
	struct mkp_error *error = mkp_object_open(verify->input->module, &verify->object);
	MKP_CLEANUP_FREE char *text = NULL;

	if (!error && (verify->object->type != ET_REL || !verify->object->symtab))
		return mkp_error_create(MKP_ERROR_USAGE, "%s: not a kernel module",
					verify->input->module);
	if (!error || error->code != MKP_ERROR_FORMAT)
		return error;
	text = mkp_error_string(error);
	mkp_error_destroy(error);
	return mkp_verify_add(verify->report, MKP_VERIFY_MALFORMED, NULL, "%s",
			      text ? text : "out of memory");
}

static struct mkp_error *open_images(struct mkp_verify *verify)
{
	const struct mkp_verify_input *input = verify->input;
	struct mkp_error *error = mkp_array_create(
		input->nr_images + 1, sizeof(struct mkp_verify_image *), &verify->images);

	for (size_t i = 0; i <= input->nr_images && !error; i++) {
		error = mkp_verify_image_open(i ? input->images[i - 1] : input->vmlinux,
					      /* module= */ i > 0, &verify->images[i]);
		verify->nr_images += !error;
	}
	if (error)
		return error;
	verify->report->vmlinux = input->vmlinux;
	verify->report->release = verify->images[0]->release;
	return mkp_verify_symvers_open(input->symvers, input->nr_symvers,
				       &verify->symvers);
}

static struct mkp_error *check_machine(struct mkp_verify *verify)
{
	const struct mkp_object *vmlinux = verify->images[0]->object;

	verify->arch = mkp_arch_find(verify->object->machine);
	if (!verify->arch)
		return mkp_error_create(MKP_ERROR_UNSUPPORTED,
					"%s: machine %u is not supported",
					verify->object->path, verify->object->machine);
	if (vmlinux->machine != verify->object->machine)
		return mkp_error_create(MKP_ERROR_USAGE,
					"%s: for another machine than %s", vmlinux->path,
					verify->object->path);
	return NULL;
}

static struct mkp_error *run(struct mkp_verify *verify)
{
	static struct mkp_error *(*const passes[])(struct mkp_verify *) = {
		mkp_verify_pass_modinfo,   mkp_verify_pass_records,
		mkp_verify_pass_functions, mkp_verify_pass_klp,
		mkp_verify_pass_imports,   mkp_verify_pass_relocs,
		mkp_verify_pass_tables,	   mkp_verify_pass_orc,
		mkp_verify_pass_entries,   mkp_verify_pass_payload,
	};
	struct mkp_error *error = open_images(verify);

	if (!error)
		error = open_module(verify);
	if (error || !verify->object)
		return error;
	error = check_machine(verify);
	if (!error)
		error = mkp_verify_read_module(verify);
	for (size_t i = 0; i < MKP_ARRAY_SIZE(passes) && !error; i++)
		error = passes[i](verify);
	return error;
}

struct mkp_error *mkp_verify_run(const struct mkp_verify_input *input,
				 struct mkp_verify_report *report,
				 struct mkp_verify **ret_verify)
{
	struct mkp_verify *verify;
	struct mkp_error *error = mkp_array_create(1, sizeof(*verify), &verify);

	if (error)
		return error;
	verify->input = input;
	verify->report = report;
	report->path = input->module;
	error = run(verify);
	if (error) {
		mkp_verify_destroy(verify);
		return error;
	}
	*ret_verify = verify;
	return NULL;
}

void mkp_verify_destroy(struct mkp_verify *verify)
{
	if (!verify)
		return;
	for (size_t i = 0; i < verify->nr_images; i++)
		mkp_verify_image_destroy(verify->images[i]);
	free(verify->images);
	mkp_verify_symvers_destroy(verify->symvers);
	mkp_verify_map_deinit(&verify->code);
	mkp_verify_map_deinit(&verify->data);
	free(verify->functions);
	free(verify->callbacks);
	free(verify->states);
	free(verify->klp_symbols);
	free(verify->relocs);
	free(verify->first_reloc);
	mkp_object_destroy(verify->object);
	free(verify);
}
