/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the module writer share. Nothing here checks for I/O errors: the
 * stream remembers them until the end.
 */
#ifndef MKP_EMIT_MODULE_PRIVATE_H
#define MKP_EMIT_MODULE_PRIVATE_H

#include "emit/module.h"

/** The part of the source that registers the patch, for either flavour. */
void mkp_module_write_standalone(const struct mkp_module *module, FILE *stream);
void mkp_module_write_core(const struct mkp_module *module, FILE *stream);

/** The name of @object as the kernel spells it, as a part of a C identifier. */
void mkp_module_write_tag(const struct mkp_module_object *object, FILE *stream);

/** Its name as an initializer: a string literal, or NULL for vmlinux. */
void mkp_module_write_object_name(const struct mkp_module_object *object, FILE *stream);

/** The callbacks of @object as a member of its initializer, if it has any. Either flavour
 * has them in structures of the same members. */
void mkp_module_write_callbacks(const struct mkp_module_object *object, FILE *stream);

/** The elements of the array of states. */
void mkp_module_write_states(const struct mkp_module *module, FILE *stream);

/** MKP_ERROR_USAGE if there is anything in @module that can not be written. */
struct mkp_error *mkp_module_validate(const struct mkp_module *module) MKP_MUST_CHECK;

/** The error of @stream, if writing to it has failed. */
struct mkp_error *mkp_module_finish(FILE *stream) MKP_MUST_CHECK;

#endif
