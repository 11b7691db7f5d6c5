/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A record as these test modules write it, but for its objects.
 */
#ifndef MKPATCH_TEST_RECORD_H
#define MKPATCH_TEST_RECORD_H

#include <linux/kernel.h>
#include <linux/module.h>
#include <generated/utsrelease.h>

#include <mkpatch/core_abi.h>

#define TEST_RECORD							\
	.abi = MKPATCH_CORE_ABI,					\
	.patch_size = sizeof(struct mkpatch_core_patch),		\
	.object_size = sizeof(struct mkpatch_core_object),		\
	.func_size = sizeof(struct mkpatch_core_func),			\
	.name = KBUILD_MODNAME,						\
	.version = "1.2 of a test",					\
	.release = UTS_RELEASE,						\
	.mod = THIS_MODULE

#endif /* MKPATCH_TEST_RECORD_H */
